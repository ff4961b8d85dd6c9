//! What only a database in a data directory can get wrong.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use podling::store::{Error, Location, open};

use super::places::{Database, InDirectory, Place, batch, stored};
use crate::support::records::{node, task};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn refusal(place: &InDirectory) -> (String, String) {
    match place.open().await.map(|_| ()) {
        Err(Error::Unusable { what, why }) => (what, why),
        other => panic!("expected to be refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_stored_is_private() {
    let place = InDirectory::empty();
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    assert_eq!(mode(&place.data_dir()), 0o700);
    let files = std::fs::read_dir(place.data_dir()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert!(files.contains(&place.file()), "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_named() {
    let place = InDirectory::empty();
    std::fs::write(place.data_dir(), "a file").unwrap();
    let data_dir = place.data_dir().join("below");
    let error = open(&Location::Sqlite {
        data_dir: data_dir.clone(),
    })
    .await
    .map(|_| ());
    let error = error.unwrap_err().to_string();
    assert!(error.contains(&data_dir.display().to_string()), "{error}");
    assert!(
        error.contains("can't be made") && error.contains("--data-dir"),
        "{error}"
    );
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() {
    let place = InDirectory::empty();
    // Even root can't write a file where a folder is.
    std::fs::create_dir_all(place.data_dir().join("podling.lock")).unwrap();
    let (what, why) = refusal(&place).await;
    assert!(
        what.contains(&place.data_dir().display().to_string()),
        "{what}"
    );
    assert!(
        why.contains("can't be written") && why.contains("--data-dir"),
        "{why}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let place = InDirectory::empty();
    std::fs::create_dir(place.data_dir()).unwrap();
    std::fs::write(place.file(), "certainly no database ".repeat(100)).unwrap();
    let (what, why) = refusal(&place).await;
    assert!(what.contains(&place.name()), "{what}");
    assert!(why.contains("damaged") && why.contains("backup"), "{why}");
}

#[tokio::test]
async fn a_database_with_a_damaged_page_is_named_and_not_used() {
    let place = InDirectory::empty();
    let store = place.open().await.unwrap();
    let tasks = (1..1000).map(task);
    store.commit(&batch(tasks, [node("a")])).await.unwrap();
    drop(store);
    let mut bytes = std::fs::read(place.file()).unwrap();
    for byte in bytes.iter_mut().skip(20 * 4096).take(4096) {
        *byte = 0x5a;
    }
    std::fs::write(place.file(), bytes).unwrap();
    let (what, why) = refusal(&place).await;
    assert!(what.contains(&place.name()), "{what}");
    assert!(why.contains("damaged"), "{why}");
}

#[tokio::test]
async fn a_reader_beside_it_stops_nothing() {
    let place = InDirectory::empty();
    let store = place.open().await.unwrap();
    store.commit(&batch([task(1)], [])).await.unwrap();
    let file = place.file();
    let mut reader = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    // Holds its view of the database for as long as its transaction is open.
    reader
        .batch_execute("BEGIN; SELECT count(*) FROM tasks")
        .unwrap();
    store.commit(&batch([task(2)], [])).await.unwrap();
    assert_eq!(stored(&store).await.tasks.len(), 2);
}

#[tokio::test]
async fn a_call_that_is_dropped_halfway_harms_no_other() {
    let place = InDirectory::empty();
    let store = place.open().await.unwrap();
    let large = batch((1..3000).map(task), []);
    let commit = store.commit(&large);
    // Polled once, then forgotten.
    assert!(futures_util::FutureExt::now_or_never(commit).is_none());
    store.commit(&batch([task(5000)], [])).await.unwrap();
    let tasks = stored(&store).await.tasks;
    assert!(tasks.len() == 3000 || tasks.len() == 1, "{}", tasks.len());
}
