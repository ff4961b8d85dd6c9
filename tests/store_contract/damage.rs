//! A data directory somebody or something damaged: named at start, never half loaded.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use podling::store::{Error, Location, open};

use super::places::{Database, InDirectory, Place, batch, stored};
use crate::support::records::task;

const PAGE: u64 = 4096;
/// A frame of the log: its header and a page.
const FRAME: u64 = 24 + PAGE;

/// A data directory with so many commits of a hundred tasks.
async fn filled(commits: u64) -> InDirectory {
    let place = InDirectory::empty();
    let store = place.open().await.unwrap();
    commit(&store, commits).await;
    place
}

async fn commit(store: &std::sync::Arc<dyn podling::store::Store>, commits: u64) {
    for n in 0..commits {
        let tasks = (n * 100 + 1..=n * 100 + 100).map(task);
        store.commit(&batch(tasks, [])).await.unwrap();
    }
}

/// As `filled`, but as a crash leaves it: what was committed is still in the log beside the database.
async fn crashed(commits: u64) -> InDirectory {
    let source = InDirectory::empty();
    let store = source.open().await.unwrap();
    commit(&store, commits).await;
    let place = InDirectory::empty();
    std::fs::create_dir(place.data_dir()).unwrap();
    for file in ["podling.db", "podling.db-wal", "podling.lock"] {
        let (from, to) = (source.data_dir().join(file), place.data_dir().join(file));
        std::fs::copy(from, to).unwrap();
    }
    place
}

fn log(place: &InDirectory) -> PathBuf {
    place.data_dir().join("podling.db-wal")
}

fn overwrite(file: &Path, at: u64, length: usize) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    file.write_all_at(&vec![0x5a; length], at).unwrap();
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().len()
}

fn cut(file: &Path, length: u64) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    file.set_len(length).unwrap();
}

/// It is refused, named, and said what to do; and what is there is left as it is.
async fn is_refused(place: &InDirectory) {
    let before = files(place);
    let refused = place.open().await.map(|_| ());
    let Err(Error::Unusable { what, why }) = refused else {
        panic!("expected to be refused: {refused:?}");
    };
    assert!(what.contains(&place.name()), "{what}");
    assert!(
        why.contains("damaged") && why.contains("restore a backup"),
        "{why}"
    );
    assert_eq!(files(place), before, "it was changed");
}

fn files(place: &InDirectory) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(place.data_dir())
        .unwrap()
        .map(|file| file.unwrap().path())
        // An index of the log, made anew each time.
        .filter(|path| !path.ends_with("podling.db-shm") && !path.ends_with("podling.lock"))
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_database_damaged_anywhere_is_refused() {
    let place = filled(20).await;
    let pages = length(&place.file()) / PAGE;
    let good = std::fs::read(place.file()).unwrap();
    for page in [0, 1, pages / 2, pages - 1] {
        overwrite(&place.file(), page * PAGE, PAGE as usize);
        is_refused(&place).await;
        std::fs::write(place.file(), &good).unwrap();
    }
    let store = place.open().await.unwrap();
    assert_eq!(stored(&store).await.tasks.len(), 2000);
}

#[tokio::test]
async fn a_database_cut_off_anywhere_is_refused() {
    let place = filled(20).await;
    let all = length(&place.file());
    let good = std::fs::read(place.file()).unwrap();
    for left in [all - PAGE, all / 2 / PAGE * PAGE, all / 2 - 7, PAGE, 100, 0] {
        cut(&place.file(), left);
        is_refused(&place).await;
        std::fs::write(place.file(), &good).unwrap();
    }
    std::fs::remove_file(place.file()).unwrap();
    is_refused(&place).await;
    std::fs::write(place.file(), &good).unwrap();
    let store = place.open().await.unwrap();
    assert_eq!(stored(&store).await.tasks.len(), 2000);
}

#[tokio::test]
async fn a_first_start_that_was_interrupted_is_no_damage() {
    let place = InDirectory::empty();
    std::fs::create_dir(place.data_dir()).unwrap();
    std::fs::write(place.file(), "").unwrap();
    std::fs::write(place.data_dir().join("podling.lock"), "4711\n").unwrap();
    place.open().await.unwrap();
}

#[tokio::test]
async fn a_data_directory_that_was_moved_away_begins_anew() {
    let place = filled(1).await;
    std::fs::rename(place.data_dir(), place.data_dir().with_extension("old")).unwrap();
    let store = place.open().await.unwrap();
    assert!(stored(&store).await.tasks.is_empty());
}

#[tokio::test]
async fn a_log_damaged_in_the_middle_is_refused() {
    let place = crashed(10).await;
    let frames = (length(&log(&place)) - 32) / FRAME;
    let good = std::fs::read(log(&place)).unwrap();
    let middle = 32 + frames / 2 * FRAME;
    // Its head, a frame's head, a frame's page, the first frame.
    for (at, length) in [(0, 32), (8, 4), (middle, 24), (middle + 500, 1), (32, 24)] {
        overwrite(&log(&place), at, length);
        is_refused(&place).await;
        std::fs::write(log(&place), &good).unwrap();
    }
    let store = place.open().await.unwrap();
    assert_eq!(stored(&store).await.tasks.len(), 1000);
}

/// A power cut may leave the last transaction by half: it was never acknowledged.
#[tokio::test]
async fn a_log_with_a_torn_end_is_no_damage() {
    let place = crashed(10).await;
    let all = length(&log(&place));
    let good = std::fs::read(log(&place)).unwrap();
    for torn in [all - 1, all - PAGE, all - FRAME] {
        cut(&log(&place), torn);
        let store = place.open().await.unwrap();
        assert_eq!(stored(&store).await.tasks.len(), 900);
        drop(store);
        let again = crashed(10).await;
        for file in ["podling.db", "podling.lock"] {
            std::fs::copy(again.data_dir().join(file), place.data_dir().join(file)).unwrap();
        }
        std::fs::write(log(&place), &good).unwrap();
    }
}

#[tokio::test]
async fn a_database_moved_away_while_it_is_used_takes_no_writes_until_it_is_back() {
    for file in ["podling.db", "podling.db-wal"] {
        let place = InDirectory::empty();
        let store = place.open().await.unwrap();
        store.commit(&batch([task(1)], [])).await.unwrap();
        let path = place.data_dir().join(file);
        let away = path.with_extension("away");
        std::fs::rename(&path, &away).unwrap();
        let error = store.commit(&batch([task(2)], [])).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
        assert!(error.to_string().contains(file), "{error}");
        std::fs::rename(&away, &path).unwrap();
        store.commit(&batch([task(2)], [])).await.unwrap();
        drop(store);
        let location = Location::Sqlite {
            data_dir: place.data_dir(),
        };
        let store = open(&location).await.unwrap();
        assert_eq!(stored(&store).await.tasks, [task(1), task(2)]);
    }
}
