"""What Vault must hold for a move: one model (`objects`), made from migrations (`build`), written in three ways."""
