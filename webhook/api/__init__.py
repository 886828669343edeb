"""The API server: what the webhook needs of it (`port`), and the door to a real one (`client`)."""
