//! The queue as a pure machine: what goes out when, and what never does.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::queue::BATCH;
use super::*;
use crate::core::{Desired, Status};
use crate::master::fixture::{placed, put_task, remove_node, remove_task, task};

const START: Monotonic = Monotonic(1_000);

fn with(tasks: impl IntoIterator<Item = Arc<Task>>) -> Outbox {
    let mut outbox = Outbox::default();
    for task in tasks {
        outbox.committed(&put_task(task.sequence, task));
    }
    outbox
}

fn changed(task: &Arc<Task>, change: impl FnOnce(&mut Task)) -> Arc<Task> {
    let mut task = (**task).clone();
    change(&mut task);
    Arc::new(task)
}

fn stopping(task: &Arc<Task>) -> Arc<Task> {
    changed(task, |task| {
        task.desired = Desired::Stop { grace_seconds: 7 };
    })
}

/// The only parcel that is due.
fn only(outbox: &mut Outbox, now: Monotonic) -> Parcel {
    let mut parcels = outbox.due(now);
    assert_eq!(parcels.len(), 1, "{parcels:?}");
    parcels.remove(0)
}

fn settle(outbox: &mut Outbox, parcel: &Parcel, outcome: Outcome, now: Monotonic) {
    let outcomes: Vec<_> = parcel.messages.iter().map(|(t, _)| (*t, outcome)).collect();
    outbox.settle(&parcel.node, parcel.lane, &outcomes, now, 0);
}

#[test]
fn a_pending_task_is_told_to_nobody() {
    let mut outbox = with([task(1)]);
    assert!(outbox.due(START).is_empty());
    assert_eq!(outbox.next_due(), None);
}

#[test]
fn runs_of_one_node_go_together_and_each_node_gets_its_own() {
    let mut outbox = with([placed(1, "a", 1), placed(2, "b", 1), placed(3, "a", 1)]);
    let parcels = outbox.due(START);
    let sizes: Vec<_> = parcels
        .iter()
        .map(|p| (p.node.as_str(), p.messages.len()))
        .collect();
    assert_eq!(sizes, [("a", 2), ("b", 1)]);
}

#[test]
fn one_request_is_in_flight_per_node_and_what_queues_meanwhile_goes_next() {
    let mut outbox = with([placed(1, "a", 1)]);
    let first = only(&mut outbox, START);
    for n in 2..5 {
        outbox.put(&placed(n, "a", 1));
    }
    assert!(outbox.due(START).is_empty());
    settle(&mut outbox, &first, Outcome::Settled, START);
    assert_eq!(only(&mut outbox, START).messages.len(), 3);
}

#[test]
fn what_was_told_is_not_told_again_while_it_stands() {
    let scheduled = placed(1, "a", 1);
    let mut outbox = with([scheduled.clone()]);
    let parcel = only(&mut outbox, START);
    settle(&mut outbox, &parcel, Outcome::Settled, START);
    outbox.put(&changed(&scheduled, |task| task.reason = "pulling".into()));
    assert!(outbox.due(START).is_empty(), "the same order, other news");
    outbox.put(&placed(1, "a", 2));
    assert_eq!(only(&mut outbox, START).messages.len(), 1, "a new attempt");
}

#[test]
fn a_node_that_is_not_reached_is_tried_again_later() {
    let mut outbox = with([placed(1, "a", 1)]);
    let parcel = only(&mut outbox, START);
    settle(&mut outbox, &parcel, Outcome::NotReached, START);
    assert!(outbox.due(START).is_empty());
    let due = outbox.next_due().unwrap();
    assert_eq!(
        due,
        Monotonic(START.0 + 100),
        "half of 200 ms, without jitter"
    );
    assert_eq!(only(&mut outbox, due).messages, parcel.messages);
}

#[test]
fn a_refused_task_does_not_hold_up_the_others_of_its_node() {
    let mut outbox = with([placed(1, "a", 1)]);
    let parcel = only(&mut outbox, START);
    settle(&mut outbox, &parcel, Outcome::Refused, START);
    outbox.put(&placed(2, "a", 1));
    let next = only(&mut outbox, START);
    assert_eq!(next.messages.len(), 1);
    assert!(matches!(&next.messages[0].1, Message::Run(task) if task.sequence == 2));
}

#[test]
fn a_stop_overtakes_the_run_that_still_waits() {
    let scheduled = placed(1, "a", 1);
    let mut outbox = with([scheduled.clone()]);
    outbox.put(&stopping(&scheduled));
    let parcel = only(&mut outbox, START);
    let [(_, Message::Stop(stop))] = &parcel.messages[..] else {
        panic!("{parcel:?}");
    };
    assert_eq!((stop.attempt, stop.grace_seconds), (1, 7));
}

#[test]
fn a_stop_that_comes_while_the_run_is_in_flight_is_sent_after_it() {
    let scheduled = placed(1, "a", 1);
    let mut outbox = with([scheduled.clone()]);
    let run = only(&mut outbox, START);
    outbox.put(&stopping(&scheduled));
    settle(&mut outbox, &run, Outcome::Settled, START);
    assert!(matches!(
        only(&mut outbox, START).messages[0].1,
        Message::Stop(_)
    ));
}

#[test]
fn an_order_disappears_with_the_change_that_ends_it_also_between_two_tries() {
    let scheduled = placed(1, "a", 1);
    let mut outbox = with([scheduled.clone()]);
    let parcel = only(&mut outbox, START);
    settle(&mut outbox, &parcel, Outcome::NotReached, START);
    outbox.put(&changed(&scheduled, |task| task.status = Status::Failed));
    assert!(outbox.due(Monotonic(u64::MAX)).is_empty());
}

#[test]
fn a_task_that_moved_is_told_to_its_new_node_only() {
    let mut outbox = with([placed(1, "a", 1)]);
    outbox.put(&placed(1, "b", 2));
    assert_eq!(only(&mut outbox, START).node.as_str(), "b");
}

#[test]
fn a_removed_task_takes_its_container_with_it_in_a_lane_of_its_own() {
    let ended = changed(&placed(1, "a", 1), |task| task.status = Status::Completed);
    let mut outbox = with([placed(2, "a", 1)]);
    outbox.committed(&remove_task(3, ended.clone()));
    let parcels = outbox.due(START);
    let lanes: Vec<_> = parcels.iter().map(|parcel| parcel.lane).collect();
    assert_eq!(lanes, [Lane::Orders, Lane::Removals]);
    assert_eq!(parcels[1].messages[0].1, Message::Remove(ended.id.clone()));
}

#[test]
fn a_removal_that_fails_too_often_is_left_to_the_heartbeat() {
    let ended = changed(&placed(1, "a", 1), |task| task.status = Status::Completed);
    let mut outbox = Outbox::default();
    outbox.committed(&remove_task(1, ended));
    let mut now = START;
    for _ in 0..REMOVAL_TRIES {
        let parcel = only(&mut outbox, now);
        settle(&mut outbox, &parcel, Outcome::Refused, now);
        now = later(now, BACKOFF.most);
    }
    assert!(outbox.due(now).is_empty());
    assert!(
        outbox.lanes.is_empty() && outbox.waits_in.is_empty(),
        "nothing is kept of it"
    );
}

#[test]
fn a_node_that_is_gone_is_told_nothing_any_more() {
    let mut outbox = with([placed(1, "a", 1)]);
    outbox.committed(&remove_node(2, &NodeId::from("a")));
    assert!(outbox.due(START).is_empty());
    assert!(outbox.waits_in.is_empty());
}

#[test]
fn a_large_queue_goes_out_in_batches_oldest_first() {
    let mut outbox = with((1..=70).map(|n| placed(n, "a", 1)));
    let mut sizes = vec![];
    while let Some(parcel) = outbox.due(START).pop() {
        sizes.push(parcel.messages.len());
        settle(&mut outbox, &parcel, Outcome::Settled, START);
    }
    assert_eq!(sizes, [32, 32, 6]);
}

#[test]
fn who_waits_longest_is_in_the_next_batch_however_young_the_task() {
    let mut outbox = with([placed(500, "a", 1)]);
    for sequence in 1..=40 {
        outbox.committed(&put_task(sequence, placed(sequence, "a", 1)));
    }
    let parcel = only(&mut outbox, START);
    let told: Vec<u64> = parcel.messages.iter().map(|(ticket, _)| ticket.0).collect();
    assert_eq!((told.len(), told[0], told[31]), (BATCH, 500, 31));
}

#[test]
fn a_request_that_outlives_its_node_does_not_count_for_the_next_one() {
    let mut outbox = with([placed(1, "a", 1)]);
    let late = only(&mut outbox, START);
    outbox.drop_node(&"a".into());
    outbox.committed(&put_task(2, placed(2, "a", 1)));
    let current = only(&mut outbox, START);
    settle(&mut outbox, &late, Outcome::NotReached, START);
    outbox.committed(&put_task(3, placed(3, "a", 1)));
    assert!(outbox.due(START).is_empty(), "one is in flight");
    settle(&mut outbox, &current, Outcome::Settled, START);
    assert_eq!(only(&mut outbox, START).messages.len(), 1, "no back-off");
}

/// What may happen to an outbox.
#[derive(Debug, Clone)]
enum Step {
    Put(u64, &'static str, u32),
    Stop(u64, &'static str, u32),
    Remove(u64, &'static str),
    Drop(&'static str),
    Send,
    /// Which parcel, and what becomes of its messages in turns.
    Settle(usize, Vec<Outcome>),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = || prop::sample::select(vec!["a", "b", "c"]);
    let outcome = prop::sample::select(vec![
        Outcome::Settled,
        Outcome::Refused,
        Outcome::NotReached,
    ]);
    let outcomes = prop::collection::vec(outcome, 1..4);
    let step = prop_oneof![
        4 => (1..8_u64, node(), 1..4_u32).prop_map(|(n, node, attempt)| Step::Put(n, node, attempt)),
        2 => (1..8_u64, node(), 1..4_u32).prop_map(|(n, node, attempt)| Step::Stop(n, node, attempt)),
        1 => (1..8_u64, node()).prop_map(|(n, node)| Step::Remove(n, node)),
        1 => node().prop_map(Step::Drop),
        4 => Just(Step::Send),
        4 => (0..6_usize, outcomes).prop_map(|(which, outcomes)| Step::Settle(which, outcomes)),
        2 => (0..6_000_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    /// What a look at all lanes would find due is sent, and nothing is due before it is said to be.
    #[test]
    fn the_agenda_finds_what_a_look_at_all_lanes_would(steps in steps()) {
        let mut outbox = Outbox::default();
        let mut in_flight: Vec<Parcel> = vec![];
        let mut now = START;
        for step in steps {
            match step {
                Step::Put(n, node, attempt) => outbox.put(&placed(n, node, attempt)),
                Step::Stop(n, node, attempt) => outbox.put(&stopping(&placed(n, node, attempt))),
                Step::Remove(n, node) => {
                    outbox.committed(&remove_task(1, placed(n, node, 1)));
                }
                Step::Drop(node) => outbox.drop_node(&node.into()),
                Step::Send => {
                    let due = dues(&outbox).into_iter().filter(|(_, at)| *at <= now);
                    let due: BTreeSet<_> = due.map(|(lane, _)| lane).collect();
                    let sent = outbox.due(now);
                    let lanes = sent.iter().map(|parcel| (parcel.node.clone(), parcel.lane));
                    prop_assert_eq!(lanes.collect::<BTreeSet<_>>(), due);
                    prop_assert!(outbox.next_due().is_none_or(|next| next > now), "it would spin");
                    in_flight.extend(sent);
                }
                Step::Settle(which, outcomes) if which < in_flight.len() => {
                    let parcel = in_flight.swap_remove(which);
                    let tickets = parcel.messages.iter().map(|(ticket, _)| *ticket);
                    let outcomes: Vec<_> = tickets.zip(outcomes.into_iter().cycle()).collect();
                    outbox.settle(&parcel.node, parcel.lane, &outcomes, now, 0);
                }
                Step::Settle(..) => {}
                Step::Wait(ms) => now.0 += ms,
            }
            let first = dues(&outbox).into_iter().map(|(_, at)| at).min();
            prop_assert!(first.is_none_or(|at| outbox.next_due().is_some_and(|next| next <= at)));
        }
    }
}

/// When each lane is due, by a look at all of them.
fn dues(outbox: &Outbox) -> Vec<((NodeId, Lane), Monotonic)> {
    let lanes = outbox.lanes.iter();
    lanes
        .filter_map(|(lane, queue)| Some((lane.clone(), queue.due()?)))
        .collect()
}
