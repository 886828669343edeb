"""Replicas that keep their certificates together, through months and faults, in virtual time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.webhook.certs.world import PATHS, Replica, World, run, without
from webhook.certs.election import Held
from webhook.certs.keeper import REPORT_S, SILENT_S
from webhook.certs.material import key_id, parse_bundle, write_material
from webhook.certs.port import Lease

DAY = 86_400.0


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def replicas(world: World) -> list[Replica]:
    """Two replicas that have come up from nothing."""
    made = [Replica(world, "a"), Replica(world, "b")]
    run(world, made, seconds=60)
    return made


def signing(world: World) -> str:
    ca = world.material.ca
    assert ca is not None
    return key_id(ca.certificate)


def test_from_nothing_both_serve_one_leaf_that_every_configuration_trusts(
    world: World, replicas: list[Replica]
) -> None:
    assert all(one.lets_in() for one in replicas)
    assert {one.leaf.certificate for one in replicas if one.leaf} == {world.material.leaf.certificate}  # type: ignore[union-attr]
    assert world.writes.count("secret") == 1


def test_nothing_is_written_while_nothing_is_due(world: World, replicas: list[Replica]) -> None:
    world.writes.clear()

    run(world, replicas, seconds=600)

    assert world.writes == []


def test_a_leaf_is_replaced_after_two_thirds_of_its_term_and_the_ca_stays(
    world: World, replicas: list[Replica]
) -> None:
    leaf, ca = world.material.leaf, signing(world)
    world.seconds += 19.9 * DAY
    run(world, replicas, seconds=60)
    before = world.material.leaf
    world.seconds += 0.2 * DAY

    run(world, replicas, seconds=60)

    assert leaf
    assert before
    assert before.certificate == leaf.certificate
    assert world.material.leaf
    assert world.material.leaf.certificate != leaf.certificate
    assert signing(world) == ca
    assert all(one.lets_in() for one in replicas)


def watch(world: World, replicas: list[Replica]) -> list[str]:
    """Note each moment between two requests at which some replica is not reached."""
    found: list[str] = []

    def look() -> None:
        found.extend(f"{one.identity} at {world.seconds}" for one in replicas if not one.lets_in())

    world.between = look
    return found


def test_a_ca_is_replaced_in_four_steps_and_every_replica_is_reached_at_each_moment(
    world: World, replicas: list[Replica]
) -> None:
    first = signing(world)
    for _ in range(13):  # leaves are renewed on the way
        world.seconds += 18 * DAY
        run(world, replicas, seconds=30)
    assert signing(world) == first
    missed = watch(world, replicas)
    seen = []

    for _ in range(20):
        world.seconds += DAY
        run(world, replicas, seconds=300, step_s=20)
        found = world.material
        seen.append((signing(world) == first, found.next_ca is not None, len(found.old)))

    assert signing(world) != first
    assert missed == []
    assert seen[-1] == (False, False, 0)
    assert {len(parse_bundle(pem)) for path in PATHS for pem in world.bundles[path]} == {1}


def age_to_change(world: World, replicas: list[Replica]) -> None:
    """Let time pass until a CA is about to be replaced, in steps in which leaves are renewed."""
    while world.seconds < 245 * DAY:
        world.seconds += 9 * DAY
        for one in replicas:
            one.keep()
            one.reload()
        if world.material.next_ca:
            return


def test_a_ca_to_come_signs_nothing_before_every_configuration_has_had_it_for_a_minute(
    world: World, replicas: list[Replica]
) -> None:
    age_to_change(world, replicas)
    first = signing(world)

    run(world, replicas, seconds=55)

    assert world.material.next_ca
    assert signing(world) == first
    run(world, replicas, seconds=30)
    assert signing(world) != first


def test_a_ca_to_come_waits_for_a_configuration_that_loses_it(world: World, replicas: list[Replica]) -> None:
    age_to_change(world, replicas)
    first = signing(world)

    for _ in range(30):
        run(world, replicas, seconds=30)
        world.set_bundle("/validating", b"")

    assert signing(world) == first


def test_an_old_ca_stays_while_one_replica_serves_its_leaf(world: World, replicas: list[Replica]) -> None:
    age_to_change(world, replicas)
    first, stuck = signing(world), replicas[1]
    served = stuck.leaf

    for _ in range(100):
        run(world, replicas[:1], seconds=10)
        stuck.keep()  # it goes on saying what it serves, but its server takes nothing up
        assert stuck.lets_in()

    assert stuck.leaf is served
    assert signing(world) != first
    assert len(world.material.old) == 1
    run(world, replicas, seconds=120)
    assert not world.material.old


def test_an_old_ca_goes_after_a_replica_that_was_killed_has_been_silent_for_an_hour(
    world: World, replicas: list[Replica]
) -> None:
    run(world, replicas, seconds=REPORT_S)
    age_to_change(world, replicas)
    alone = replicas[:1]

    run(world, alone, seconds=SILENT_S - 60, step_s=20)

    assert len(world.material.old) == 1
    run(world, alone, seconds=600, step_s=20)
    assert not world.material.old
    assert world.lease
    assert set(world.lease.reports) == {"a"}


def test_a_secret_that_is_deleted_is_made_again_and_its_ca_replaced_without_a_gap(
    world: World, replicas: list[Replica]
) -> None:
    first = signing(world)
    missed = watch(world, replicas)
    world.set_secret(None)

    run(world, replicas, seconds=30)

    assert signing(world) == first
    run(world, replicas, seconds=600)
    assert signing(world) != first
    assert missed == []
    assert not world.material.old


@pytest.mark.parametrize(
    "garbage", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff\x00"]
)
@pytest.mark.parametrize("key", ["tls.crt", "tls.key", "ca.crt", "ca.key", "next-ca.crt"])
def test_garbage_in_the_secret_is_mended_without_a_gap(
    world: World, replicas: list[Replica], key: str, garbage: bytes
) -> None:
    missed = watch(world, replicas)
    world.set_secret({**write_material(world.material), key: garbage})

    run(world, replicas, seconds=600)

    assert world.material.broken == ()
    assert world.material.ca
    assert world.material.leaf
    assert missed == []


def test_when_the_secret_is_gone_and_all_replicas_are_new_the_old_ca_stays_for_whoever_serves_it(world: World) -> None:
    elder = Replica(world, "elder")
    run(world, [elder], seconds=60)
    world.set_secret(None)
    young = Replica(world, "young")
    run(world, [young], seconds=60)  # it takes the Lease over, while the elder only serves

    assert world.lease
    assert world.lease.held.holder == "young"
    assert young.lets_in()
    assert elder.lets_in()


def test_a_bundle_that_is_wiped_is_written_again_in_one_round(world: World, replicas: list[Replica]) -> None:
    for path in PATHS:
        world.set_bundle(path, b"")
    assert not replicas[0].lets_in()

    run(world, replicas, seconds=5)

    assert all(one.lets_in() for one in replicas)


def test_a_secret_that_is_somebody_elses_is_never_written(world: World) -> None:
    theirs = {"tls.crt": b"x", "password": b"y"}
    world.set_secret(dict(theirs))
    world.is_ours = False

    run(world, [Replica(world, "a")], seconds=120)

    assert world.data == theirs
    assert world.writes == []


def test_a_lease_of_a_dead_holder_is_taken_over_after_its_term(world: World, replicas: list[Replica]) -> None:
    holder = next(one for one in replicas if world.lease and one.identity == world.lease.held.holder)
    (other,) = [one for one in replicas if one is not holder]

    run(world, [other], seconds=15)

    assert world.lease
    assert world.lease.held.holder == holder.identity
    run(world, [other], seconds=30)
    assert world.lease.held.holder == other.identity


def test_a_lease_that_was_stolen_for_a_year_is_taken_back_after_a_while(world: World, replicas: list[Replica]) -> None:
    assert world.lease
    held = Held(holder="nobody", renewed="never", duration_s=365 * DAY)
    world.lease = Lease(held=held, version="stolen", reports=world.lease.reports)
    for path in PATHS:
        world.set_bundle(path, b"")

    run(world, replicas, seconds=290)
    missed = [one.identity for one in replicas if not one.lets_in()]
    run(world, replicas, seconds=30)

    assert missed == ["a", "b"]  # the fault took effect
    assert all(one.lets_in() for one in replicas)


@pytest.mark.parametrize("days", [-400, -40, -1, 1, 25, 200, 5000])
def test_a_clock_that_jumps_and_comes_back_leaves_everybody_reached(
    world: World, replicas: list[Replica], days: int
) -> None:
    world.jump = dt.timedelta(days=days)
    run(world, replicas, seconds=600)
    world.jump = dt.timedelta()

    run(world, replicas, seconds=600)

    assert all(one.lets_in() for one in replicas)
    assert world.material.old == () or days not in (-1, 1)


def test_an_api_server_that_is_away_for_a_week_changes_nothing_that_is_served(
    world: World, replicas: list[Replica]
) -> None:
    world.down = True

    run(world, replicas, seconds=7 * DAY, step_s=3600)

    assert all(one.lets_in() for one in replicas)


def test_everybody_asleep_until_everything_has_expired_recovers_at_once(world: World, replicas: list[Replica]) -> None:
    world.seconds += 400 * DAY
    assert not replicas[0].lets_in()

    run(world, replicas, seconds=60)

    assert all(one.lets_in() for one in replicas)


def test_without_any_configuration_a_change_waits_and_nothing_fails(world: World, replicas: list[Replica]) -> None:
    world.bundles.clear()
    first = signing(world)
    age_to_change(world, replicas)

    run(world, replicas, seconds=600)

    assert world.material.next_ca
    assert signing(world) == first


def test_a_next_ca_that_is_lost_on_the_way_is_made_again(world: World, replicas: list[Replica]) -> None:
    age_to_change(world, replicas)
    world.set_secret(without(world.material, next_ca=None))

    run(world, replicas, seconds=300)

    assert world.material.ca
    assert all(one.lets_in() for one in replicas)


FAULTS: dict[str, Callable[[World], None]] = {
    "secret deleted": lambda world: world.set_secret(None),
    "leaf broken": lambda world: world.set_secret({**(world.data or {}), "tls.key": b"x"}),
    "ca broken": lambda world: world.set_secret({**(world.data or {}), "ca.key": b"x"}),
    "lease deleted": lambda world: setattr(world, "lease", None),
    "lease stolen": lambda world: setattr(
        world, "lease", Lease(held=Held("thief", str(world.seconds), 15), version=f"t{world.seconds}", reports={})
    ),
}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # an example takes most of a second: the seed is small enough to look at
)
@given(
    seed=st.integers(0, 2**32),
    events=st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.sampled_from([30.0, 600.0, 3600.0, 6 * DAY, 9 * DAY, 9 * DAY, 9 * DAY])),
            st.tuples(st.just("fault"), st.sampled_from(sorted(FAULTS))),
            st.tuples(st.just("down"), st.sampled_from([30.0, 600.0])),
            st.tuples(st.just("new"), st.integers(0, 2)),
        ),
        min_size=15,
        max_size=30,
    ),
)
def test_whatever_the_order_of_rounds_and_faults_every_replica_is_reached_at_each_moment(
    seed: int, events: list[tuple[str, float | str]]
) -> None:
    """Three replicas whose rounds are cut into each other at every request, through months with faults but for wiped bundles."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    world = World()
    replicas = [Replica(world, name) for name in "abc"]
    run(world, replicas, seconds=60)
    missed = watch(world, replicas)
    look, depth = world.between, 0

    def interleave() -> None:
        nonlocal depth
        look()
        if depth < 2 and chance.random() < 0.15:
            depth += 1
            world.seconds += chance.choice([0.0, 0.0, 40.0])  # longer than the Lease counts
            one = chance.choice(replicas)
            one.keep()
            one.reload()
            depth -= 1

    world.between = interleave

    def rounds(count: int) -> None:
        for _ in range(count):
            for one in chance.sample(replicas, len(replicas)):
                one.keep()
                if chance.random() < 0.8:
                    one.reload()
                world.seconds += 2.0

    for number, (kind, what) in enumerate(events):
        if kind == "pass":
            world.seconds += float(what)
        elif kind == "fault":
            FAULTS[str(what)](world)
        elif kind == "new":  # a rolling update replaces one by another, which starts with nothing but the Secret
            made = Replica(world, f"n{number}")
            made.keep()
            made.reload()
            if made.leaf:
                replicas[int(what)] = made
        else:
            world.down = True
            rounds(2)
            world.seconds += float(what)
            world.down = False
        rounds(chance.choice([2, 10, 30]))

    assert missed == []
