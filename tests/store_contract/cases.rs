//! The contract: each case runs on every store.

use podling::core::{Brake, NodeId, Status, TaskId, Timestamp};
use podling::store::{Batch, Error};

use super::places::{Place, Stored, batch, stored, tests};
use crate::support::records::{full_node, full_task, node, task};

/// Makes `memory::…`, `sqlite::…` and `postgres::…` of each case.
macro_rules! on_every_store {
    ($($case:ident)*) => {
        tests! { memory, InMemory: $($case)* }
        tests! { sqlite, InDirectory: $($case)* }
        tests! { postgres, OnServer: $($case)* }
    };
}

on_every_store! {
    a_new_store_is_empty
    every_field_comes_back
    the_last_write_wins_from_batch_to_batch_and_within_one
    what_is_removed_is_gone
    a_key_that_is_put_and_removed_is_removed
    tasks_come_back_in_creation_order_and_nodes_by_id
    the_brake_is_kept_until_it_is_released
    the_last_events_number_is_kept
    the_clusters_id_is_kept
    a_repeated_batch_changes_nothing
    a_batch_of_thousands_is_one_batch
    removing_thousands_is_one_batch
    what_was_committed_is_there_when_it_is_opened_again
    a_master_that_was_replaced_is_fenced
}

async fn a_new_store_is_empty<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    let nothing = Stored {
        tasks: vec![],
        nodes: vec![],
        brake: None,
        last_event: 0,
    };
    assert_eq!(stored(&store).await, nothing);
    store.commit(&Batch::default()).await.unwrap();
    assert_eq!(stored(&store).await, nothing);
}

async fn every_field_comes_back<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    let mut tasks = vec![task(1), full_task(2)];
    for (sequence, status) in (3..).zip([
        Status::Pending,
        Status::Scheduled,
        Status::Running,
        Status::Completed,
        Status::Failed,
        Status::Stopped,
    ]) {
        tasks.push(podling::core::Task {
            status,
            ..task(sequence)
        });
    }
    tasks.push(full_task(i64::MAX as u64));
    let nodes = vec![full_node("full"), node("plain")];
    store
        .commit(&batch(tasks.clone(), nodes.clone()))
        .await
        .unwrap();
    let stored = stored(&store).await;
    assert_eq!(stored.tasks, tasks);
    assert_eq!(stored.nodes, nodes);
}

async fn the_last_write_wins_from_batch_to_batch_and_within_one<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    store
        .commit(&batch([full_task(1)], [full_node("a")]))
        .await
        .unwrap();
    store.commit(&batch([task(1)], [node("a")])).await.unwrap();
    let both = stored(&store).await;
    assert_eq!((both.tasks, both.nodes), (vec![task(1)], vec![node("a")]));
    let twice = batch([task(1), full_task(1)], [node("a"), full_node("a")]);
    store.commit(&twice).await.unwrap();
    let both = stored(&store).await;
    assert_eq!(
        (both.tasks, both.nodes),
        (vec![full_task(1)], vec![full_node("a")])
    );
}

async fn what_is_removed_is_gone<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    let all = batch([task(1), task(2), task(3)], [node("a"), node("b")]);
    store.commit(&all).await.unwrap();
    let removal = Batch {
        remove_tasks: vec![task(2).id, TaskId::from("never was there")],
        remove_nodes: vec![NodeId::from("a"), NodeId::from("never was there")],
        ..Batch::default()
    };
    store.commit(&removal).await.unwrap();
    let left = stored(&store).await;
    assert_eq!(left.tasks, [task(1), task(3)]);
    assert_eq!(left.nodes, [node("b")]);
}

async fn a_key_that_is_put_and_removed_is_removed<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    let both = Batch {
        remove_tasks: vec![task(1).id],
        remove_nodes: vec![NodeId::from("a")],
        ..batch([task(1)], [node("a")])
    };
    store.commit(&both).await.unwrap();
    let left = stored(&store).await;
    assert_eq!((left.tasks, left.nodes), (vec![], vec![]));
}

async fn tasks_come_back_in_creation_order_and_nodes_by_id<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    // Ids whose order, by whatever collation, is not the order of creation.
    let mut first = task(1);
    first.id = TaskId::from("z");
    let mut second = task(2);
    second.id = TaskId::from("B");
    let mut third = task(10);
    third.id = TaskId::from("a");
    let shuffled = [third.clone(), first.clone(), second.clone()];
    let nodes = [node("ä"), node("b"), node("A"), node("a")];
    store.commit(&batch(shuffled, nodes)).await.unwrap();
    let stored = stored(&store).await;
    assert_eq!(stored.tasks, [first, second, third]);
    assert_eq!(stored.nodes, [node("A"), node("a"), node("b"), node("ä")]);
}

async fn the_brake_is_kept_until_it_is_released<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    let brake = Brake {
        engaged_at: Timestamp(5),
        nodes: [NodeId::from("a"), NodeId::from("ö")].into(),
    };
    let engaged = Batch {
        brake: Some(Some(brake.clone())),
        ..Batch::default()
    };
    store.commit(&engaged).await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    assert_eq!(stored(&store).await.brake, Some(brake));
    let released = Batch {
        brake: Some(None),
        ..Batch::default()
    };
    store.commit(&released).await.unwrap();
    assert_eq!(stored(&store).await.brake, None);
}

async fn the_last_events_number_is_kept<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    for last_event in [1, 10, u64::MAX] {
        let batch = Batch {
            last_event,
            ..batch([task(1)], [])
        };
        store.commit(&batch).await.unwrap();
        assert_eq!(stored(&store).await.last_event, last_event);
    }
    store.commit(&Batch::default()).await.unwrap();
    assert_eq!(stored(&store).await.last_event, u64::MAX);
}

async fn the_clusters_id_is_kept<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    assert_eq!(store.load().await.unwrap().cluster_id, None);
    let named = Batch {
        cluster_id: Some("c0ffee".into()),
        ..Batch::default()
    };
    store.commit(&named).await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    assert_eq!(
        store.load().await.unwrap().cluster_id.as_deref(),
        Some("c0ffee")
    );
}

async fn a_repeated_batch_changes_nothing<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1), task(2)], [])).await.unwrap();
    let again = Batch {
        remove_tasks: vec![task(1).id],
        last_event: 7,
        ..batch([full_task(3)], [full_node("a")])
    };
    store.commit(&again).await.unwrap();
    let once = stored(&store).await;
    store.commit(&again).await.unwrap();
    assert_eq!(stored(&store).await, once);
}

async fn a_batch_of_thousands_is_one_batch<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    let tasks: Vec<_> = (1..=5000).map(task).collect();
    let nodes: Vec<_> = (1000..3500)
        .map(|number| node(&number.to_string()))
        .collect();
    store
        .commit(&batch(tasks.clone(), nodes.clone()))
        .await
        .unwrap();
    let stored = stored(&store).await;
    assert!(stored.tasks == tasks && stored.nodes == nodes);
}

async fn removing_thousands_is_one_batch<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    store
        .commit(&batch([task(1), task(2)], [node("a"), node("b")]))
        .await
        .unwrap();
    let removal = Batch {
        remove_tasks: (2..70_000).map(|sequence| task(sequence).id).collect(),
        remove_nodes: (0..70_000)
            .map(|n| NodeId::from(n.to_string()))
            .chain([node("b").id])
            .collect(),
        ..Batch::default()
    };
    store.commit(&removal).await.unwrap();
    let left = stored(&store).await;
    assert_eq!((left.tasks, left.nodes), (vec![task(1)], vec![node("a")]));
}

async fn what_was_committed_is_there_when_it_is_opened_again<P: Place>() {
    let place = P::empty();
    let store = place.open().await.unwrap();
    let all = Batch {
        brake: Some(Some(Brake {
            engaged_at: Timestamp(1),
            nodes: [].into(),
        })),
        last_event: 42,
        ..batch([task(1), full_task(2)], [node("a"), full_node("b")])
    };
    store.commit(&all).await.unwrap();
    let before = stored(&store).await;
    drop(store);
    let store = place.open().await.unwrap();
    assert_eq!(stored(&store).await, before);
    store.commit(&batch([task(3)], [])).await.unwrap();
    assert_eq!(stored(&store).await.tasks.len(), 3);
}

async fn a_master_that_was_replaced_is_fenced<P: Place>() {
    let place = P::empty();
    let first = place.open().await.unwrap();
    first.commit(&batch([task(1)], [])).await.unwrap();
    place.break_lock();
    let second = place.open().await.unwrap();
    let fenced = |error: Error| match error {
        Error::Fenced { found, ours } => assert_eq!((found, ours), (2, 1)),
        other => panic!("not fenced: {other}"),
    };
    fenced(first.commit(&batch([task(2)], [])).await.unwrap_err());
    fenced(first.load().await.unwrap_err());
    fenced(first.commit(&Batch::default()).await.unwrap_err());
    // And it stays so.
    fenced(first.commit(&batch([task(2)], [])).await.unwrap_err());
    second.commit(&batch([task(3)], [])).await.unwrap();
    assert_eq!(stored(&second).await.tasks, [task(1), task(3)]);
}
