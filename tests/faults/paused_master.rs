//! The master stands still for a while (its machine sleeps, is paused, or swaps) and goes on.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::lab::Lab;

#[test]
fn a_master_that_stood_still_longer_than_the_node_timeout_loses_nobody() {
    let lab = Lab::start(&["--node-timeout", "3s", "--probe-after", "1s"], 2);
    let tasks = lab.one_task_each();
    let before: Vec<_> = tasks.iter().map(|id| lab.task(id)).collect();
    let seen = lab.last_event();
    lab.signal_master(Signal::SIGSTOP);
    std::thread::sleep(Duration::from_secs(7));
    lab.signal_master(Signal::SIGCONT);
    lab.throughout(Duration::from_secs(4), "everything is as it was", |lab| {
        tasks
            .iter()
            .zip(&before)
            .all(|(id, task)| lab.task(id) == *task)
    });
    assert_eq!(lab.last_event(), seen, "{}", lab.story());
}
