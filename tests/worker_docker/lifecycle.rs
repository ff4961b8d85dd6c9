//! Tasks that run and end as they should.

use podling::wire::{LogQuery, Port, Quantity, RestartPolicy, Stop};

use crate::docker::{containers_of, docker};
use crate::registry::free_port;
use crate::rig::Rig;

fn tail(tail: &str) -> LogQuery {
    LogQuery {
        tail: Some(tail.into()),
        ..LogQuery::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_runs_to_its_end_and_its_log_is_plain_text() {
    let rig = Rig::start("log").await;
    // Apart, because what is written to two pipes at once is read in any order.
    let script = "echo \"hello $WHO\"; sleep 0.2; echo oops >&2; sleep 0.2";
    let mut task = rig.script("hello", script);
    task.env.insert("WHO".into(), "world".into());
    let report = rig.run(&task).await;

    assert_eq!(
        (report.status.as_str(), report.exit_code),
        ("completed", Some(0))
    );
    assert!(report.container_id.is_some());
    let statuses = &rig.master.told().borrow().statuses[&task.task_id].clone();
    assert_eq!(statuses.last().unwrap(), "completed");
    // No 8-byte heads of Docker's frames.
    assert_eq!(rig.logs(&task, tail("all")).await, "hello world\noops\n");
    assert_eq!(rig.logs(&task, tail("1")).await, "oops\n");
    let only_stderr = LogQuery {
        stream: Some("stderr".into()),
        ..LogQuery::default()
    };
    assert_eq!(rig.logs(&task, only_stderr).await, "oops\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_code_is_kept() {
    let rig = Rig::start("code").await;
    let report = rig.run(&rig.script("bad", "exit 3")).await;
    assert_eq!(
        (report.status.as_str(), report.exit_code),
        ("failed", Some(3))
    );
    assert_eq!(report.error.as_deref(), Some("exit code 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_twice_makes_one_container() {
    let rig = Rig::start("twice").await;
    let task = rig.script("once", "sleep 600");
    rig.execute(&task).await;
    rig.execute(&task).await;
    rig.running(&task).await;
    rig.execute(&task).await;
    assert_eq!(containers_of(&rig.node_id).len(), 1);

    let mut older = task.clone();
    older.attempt = 0;
    let error = rig.client().execute(&older).await.unwrap_err();
    assert_eq!(error.status(), Some(409));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_attempt_takes_the_place_of_the_older_one() {
    let rig = Rig::start("newer").await;
    let task = rig.script("again", "sleep 600");
    rig.execute(&task).await;
    rig.running(&task).await;

    let mut newer = task.clone();
    newer.attempt = 2;
    rig.execute(&newer).await;
    rig.until_report(&newer, |r| r.attempt == Some(2) && r.status == "running")
        .await;
    let names = docker(&[
        "ps",
        "-a",
        "--format",
        "{{.Names}}",
        "--filter",
        &filter(&rig),
    ]);
    assert_eq!(names, rig.container(&newer));
}

fn filter(rig: &Rig) -> String {
    format!("label=podling.node={}", rig.node_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_sends_sigterm_and_the_container_stays_until_it_is_removed() {
    let rig = Rig::start("stop").await;
    let script = "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done";
    let task = rig.script("polite", script);
    rig.execute(&task).await;
    rig.running(&task).await;
    rig.until_it_wrote(&task, "up").await;

    let stop = Stop {
        grace_period_seconds: Some(20),
        attempt: Some(1),
    };
    rig.client().stop(&task.task_id, &stop).await.unwrap();
    let report = rig.ended(&task).await;
    assert_eq!(
        (report.status.as_str(), report.exit_code),
        ("stopped", Some(7))
    );
    assert_eq!(rig.logs(&task, tail("1")).await, "bye\n");

    rig.client().remove(&task.task_id).await.unwrap();
    rig.until_forgotten(&task).await;
    assert_eq!(containers_of(&rig.node_id), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ignores_sigterm_is_killed_after_the_grace() {
    let rig = Rig::start("grace").await;
    let script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    let task = rig.script("stubborn", script);
    rig.execute(&task).await;
    rig.until_it_wrote(&task, "up").await;
    let stop = Stop {
        grace_period_seconds: Some(1),
        attempt: None,
    };
    rig.client().stop(&task.task_id, &stop).await.unwrap();
    let report = rig.ended(&task).await;
    assert_eq!(
        (report.status.as_str(), report.exit_code),
        ("stopped", Some(137))
    );
}

/// The image has no init of its own: as PID 1, `sleep` would ignore SIGTERM.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_handle_sigterm_ends_at_once() {
    let rig = Rig::start("init").await;
    let task = rig.task("sleeper", crate::docker::IMAGE, &["/bin/sleep", "600"]);
    rig.execute(&task).await;
    rig.running(&task).await;
    let stop = Stop {
        grace_period_seconds: Some(600),
        attempt: None,
    };
    rig.client().stop(&task.task_id, &stop).await.unwrap();
    let report = rig.ended(&task).await;
    assert_eq!(
        (report.status.as_str(), report.exit_code),
        ("stopped", Some(143))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_started_again_with_its_log_and_counted() {
    let rig = Rig::start("restart").await;
    let script = "echo run; test -e /tmp/second && exit 0; : >/tmp/second; exit 1";
    let mut task = rig.script("flaky", script);
    task.restart_policy = RestartPolicy::OnFailure;
    rig.execute(&task).await;
    let waiting = rig.until_report(&task, |r| r.reason.is_some()).await;
    assert_eq!(waiting.status, "running");
    assert!(
        waiting
            .reason
            .unwrap()
            .contains("exit code 1; again in 1 s")
    );

    let follow = LogQuery {
        follow: Some(true),
        ..LogQuery::default()
    };
    assert_eq!(rig.logs(&task, follow).await, "run\nrun\n");
    let report = rig.ended(&task).await;
    assert_eq!(
        (report.status.as_str(), report.restart_count),
        ("completed", Some(1))
    );
    assert_eq!(containers_of(&rig.node_id).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_labels_limits_and_environment_reach_the_container() {
    let rig = Rig::start("spec").await;
    let port = free_port();
    let mut task = rig.script("web", "while :; do echo hi | nc -l -p 80; done");
    task.labels.insert("team".into(), "blue".into());
    task.labels
        .insert("podling.task".into(), "somebody else".into());
    task.env.insert("A".into(), "1=2".into());
    task.ports.push(Port {
        name: None,
        container_port: 80,
        host_port: Some(port),
        host_ip: Some("127.0.0.1".into()),
        protocol: Default::default(),
    });
    task.resources.limits.cpu = Some(Quantity::Number(500));
    task.resources.limits.memory = Some(Quantity::Number(64 << 20));
    rig.execute(&task).await;
    rig.running(&task).await;

    let format = "{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}} \
                  {{.Config.Labels.team}} {{index .Config.Labels \"podling.task\"}} {{.Config.Env}}";
    let seen = docker(&["inspect", "--format", format, &rig.container(&task)]);
    let expected = format!("500000000 67108864 no blue {} [A=1=2]", task.task_id);
    assert_eq!(seen, expected);
    let published = docker(&["port", &rig.container(&task)]);
    assert_eq!(published, format!("80/tcp -> 127.0.0.1:{port}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_in_the_form_of_the_go_project_are_one_json_object() {
    let rig = Rig::start("golog").await;
    let task = rig.script("hello", "echo one; echo two");
    rig.run(&task).await;
    let url = format!(
        "{}/api/v1/tasks/{}/logs",
        rig.client().base_url(),
        task.task_id
    );
    let body = crate::rig::get(&format!("{url}?tail=1")).await;
    let body: serde_json::Value = serde_json::from_str(&body.1).unwrap();
    let expected = serde_json::json!({"logs": "two\n", "tail": 1, "taskId": task.task_id});
    assert_eq!(body, expected);
    assert_eq!(crate::rig::get(&format!("{url}?tail=many")).await.0, 400);
}
