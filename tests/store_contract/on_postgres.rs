//! What only a database behind a connection can get wrong.

use podling::store::{Error, Location, open};

use super::places::{Database, OnServer, Place, batch, stored};
use crate::support::postgres::Postgres;
use crate::support::records::task;

async fn refusal(url: &str) -> Error {
    let location = Location::Postgres {
        url: url.to_owned(),
    };
    open(&location).await.map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn a_connection_that_broke_while_idle_is_made_anew_unnoticed() {
    let place = OnServer::empty();
    let store = place.open().await.unwrap();
    for sequence in 1..=3 {
        store.commit(&batch([task(sequence)], [])).await.unwrap();
        place.break_lock();
    }
    store.commit(&batch([task(4)], [])).await.unwrap();
    assert_eq!(stored(&store).await.tasks.len(), 4);
}

#[tokio::test]
async fn a_server_that_is_away_is_an_outage_and_no_more() {
    let place = OnServer::on(Postgres::start());
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    place.server.kill();
    let error = store.commit(&batch([task(2)], [])).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.to_string().contains(place.database()), "{error}");
    place.server.restart();
    store.commit(&batch([task(2)], [])).await.unwrap();
    assert_eq!(stored(&store).await.tasks, [task(1), task(2)]);
}

#[tokio::test]
async fn a_session_of_ours_that_the_server_still_holds_is_ended() {
    let place = OnServer::empty();
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    let ours = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted";
    let old = place.server.sql(place.database(), ours);
    // Dropped in the middle of a statement: the store forgets the connection, while the server
    // goes on waiting for a row that somebody else has locked.
    let mut other = place
        .server
        .hold(place.database(), "SELECT * FROM meta FOR UPDATE");
    let two = batch([task(2)], []);
    tokio::select! {
        result = store.commit(&two) => panic!("the row was not locked: {result:?}"),
        () = until(&place, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted") => {}
    }
    // The next call finds its own old session in the way and ends it, while the row is locked.
    let three = batch([task(3)], []);
    let freed = async {
        until(
            &place,
            &format!("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {old}"),
        )
        .await;
        other.release();
    };
    let (result, ()) = tokio::join!(store.commit(&three), freed);
    result.unwrap();
    assert_eq!(stored(&store).await.tasks, [task(1), task(3)]);
}

/// Waits until a question is answered with yes; the test runner ends what takes too long.
async fn until(place: &OnServer, question: &str) {
    while place.server.sql(place.database(), question) != "t" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_podlings_can_live_in_two_schemas_of_one_database() {
    let place = OnServer::empty();
    place.sql("CREATE SCHEMA a; CREATE SCHEMA b");
    let in_schema = |name: &str| Location::Postgres {
        url: format!("{}?options=-csearch_path%3D{name}", place.url),
    };
    let a = open(&in_schema("a")).await.unwrap();
    let b = open(&in_schema("b")).await.unwrap();
    a.commit(&batch([task(1)], [])).await.unwrap();
    b.commit(&batch([task(2)], [])).await.unwrap();
    assert_eq!(stored(&a).await.tasks, [task(1)]);
    assert_eq!(stored(&b).await.tasks, [task(2)]);
    assert!(matches!(
        open(&in_schema("a")).await,
        Err(Error::Held { .. })
    ));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let server = Postgres::shared();
    let error = refusal(&server.url("nowhere")).await;
    assert!(matches!(error, Error::Unusable { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("\"nowhere\" does not exist") && text.contains("DATABASE_URL"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come() {
    let error = refusal("postgres://me@127.0.0.1:1/podling").await;
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(
        error.to_string().contains("127.0.0.1:1") && error.to_string().contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_role_that_may_not_make_tables_is_told_so() {
    let place = OnServer::empty();
    place.sql("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN");
    let error = refusal(&place.url.replace("postgres@", "guest@")).await;
    assert!(matches!(error, Error::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("permission denied"), "{error}");
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let place = OnServer::empty();
    let name = format!("{}_latin1", place.database());
    place.sql(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    ));
    let error = refusal(&place.server.url(&name)).await.to_string();
    assert!(
        error.contains("LATIN1") && error.contains("UTF8"),
        "{error}"
    );
}

/// At start that is a mistake in the settings; later somebody is restoring it, or changing a
/// password, and will be done.
#[tokio::test]
async fn a_database_that_refuses_connections_for_a_while_is_an_outage_and_no_more() {
    let place = OnServer::empty();
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    let database = place.database();
    place.break_lock();
    let rename = |from: &str, to: &str| {
        place
            .server
            .sql("postgres", &format!("ALTER DATABASE {from} RENAME TO {to}"));
    };
    rename(database, "elsewhere");
    let error = store.commit(&batch([task(2)], [])).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("does not exist"), "{error}");
    rename("elsewhere", database);
    store.commit(&batch([task(2)], [])).await.unwrap();
    assert_eq!(stored(&store).await.tasks, [task(1), task(2)]);
}
