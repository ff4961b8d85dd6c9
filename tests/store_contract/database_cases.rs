//! The rest of the contract: what needs SQL beside the store to be shown.

use std::sync::Arc;

use podling::core::Task;
use podling::store::{Batch, Error};

use super::golden;
use super::places::{Database, batch, stored, tests};
use crate::support::records::{full_task, node, task};

tests! { sqlite, InDirectory:
    a_second_master_is_refused_while_the_first_lives
    a_batch_that_fails_halfway_leaves_nothing_and_can_be_repeated
    a_newer_schema_is_refused_and_left_alone
    a_record_of_the_first_release_still_loads
    a_row_that_makes_no_sense_is_named
    a_fence_that_is_gone_is_no_fence
    equal_specs_that_follow_one_another_are_read_once
}
tests! { postgres, OnServer:
    a_second_master_is_refused_while_the_first_lives
    a_batch_that_fails_halfway_leaves_nothing_and_can_be_repeated
    a_newer_schema_is_refused_and_left_alone
    a_record_of_the_first_release_still_loads
    a_row_that_makes_no_sense_is_named
    a_fence_that_is_gone_is_no_fence
    equal_specs_that_follow_one_another_are_read_once
}

async fn a_second_master_is_refused_while_the_first_lives<P: Database>() {
    let place = P::empty();
    let first = place.open().await.unwrap();
    let Err(Error::Held { what, holder }) = place.open().await.map(|_| ()) else {
        panic!("two masters have one store");
    };
    assert!(!what.is_empty());
    assert!(holder.unwrap().contains(&std::process::id().to_string()));
    first.commit(&batch([task(1)], [])).await.unwrap();
    drop(first);
    let second = place.open().await.unwrap();
    assert_eq!(stored(&second).await.tasks, [task(1)]);
}

async fn a_batch_that_fails_halfway_leaves_nothing_and_can_be_repeated<P: Database>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1)], [node("a")])).await.unwrap();
    let before = stored(&store).await;
    // Tasks are written before nodes.
    place.sql("ALTER TABLE nodes RENAME TO gone");
    let half = Batch {
        remove_tasks: vec![task(1).id],
        last_event: 9,
        ..batch([task(2)], [node("b")])
    };
    let error = store.commit(&half).await.unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("nodes"), "{error}");
    place.sql("ALTER TABLE gone RENAME TO nodes");
    assert_eq!(stored(&store).await, before);
    store.commit(&half).await.unwrap();
    let after = stored(&store).await;
    assert_eq!(
        (after.tasks, after.nodes),
        (vec![task(2)], vec![node("a"), node("b")])
    );
}

async fn a_newer_schema_is_refused_and_left_alone<P: Database>() {
    let place = P::empty();
    drop(place.open().await.unwrap());
    place.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('9001')");
    let Err(Error::Unusable { what, why }) = place.open().await.map(|_| ()) else {
        panic!("a newer schema was opened");
    };
    assert!(what.contains(&place.name()), "{what}");
    assert!(
        why.contains("newer podling") && why.contains("9001"),
        "{why}"
    );
    place.sql("DELETE FROM __diesel_schema_migrations WHERE version = '9001'");
    place.open().await.unwrap();
}

async fn a_record_of_the_first_release_still_loads<P: Database>() {
    let place = P::empty();
    drop(place.open().await.unwrap());
    place.sql(include_str!("../golden/store_0001.sql"));
    let store = place.open().await.unwrap();
    let snapshot = stored(&store).await;
    assert_eq!(snapshot, golden::stored());
    // And is written back without a loss.
    let tasks = snapshot.tasks.clone();
    let nodes = snapshot.nodes.clone();
    let all = Batch {
        put_tasks: tasks.into_iter().map(Arc::new).collect(),
        put_nodes: nodes.into_iter().map(Arc::new).collect(),
        brake: Some(snapshot.brake.clone()),
        last_event: snapshot.last_event,
        ..Batch::default()
    };
    store.commit(&all).await.unwrap();
    assert_eq!(stored(&store).await, snapshot);
}

async fn a_row_that_makes_no_sense_is_named<P: Database>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    for (sql, column) in [
        ("status = 'paused'", "status"),
        ("status = 'pending', attempt = -1", "attempt"),
        ("attempt = 0, spec_json = '{'", "spec_json"),
        ("spec_json = '{}', idempotency_key = 'k'", "idempotency_key"),
        ("idempotency_key = NULL, exit_code = 1", "finished_at_ms"),
    ] {
        place.sql(&format!("UPDATE tasks SET {sql}"));
        let error = store.load().await.unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("task 20251123000000-00000001") && text.contains(column),
            "{text}"
        );
    }
}

async fn a_fence_that_is_gone_is_no_fence<P: Database>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    place.sql("DELETE FROM meta WHERE name = 'epoch'");
    let error = store.commit(&batch([task(1)], [])).await.unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("epoch"), "{error}");
}

async fn equal_specs_that_follow_one_another_are_read_once<P: Database>() {
    let place = P::empty();
    let equal = task(1).spec;
    let of_equal = |sequence| Task {
        spec: equal.clone(),
        ..task(sequence)
    };
    let store = place.open().await.unwrap();
    let tasks = [of_equal(1), of_equal(2), full_task(3)];
    store.commit(&batch(tasks.clone(), [])).await.unwrap();
    let read = stored(&store).await.tasks;
    assert_eq!(read, tasks);
    assert!(Arc::ptr_eq(&read[0].spec, &read[1].spec));
}
