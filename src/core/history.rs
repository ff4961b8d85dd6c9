//! A task's own last events, kept as the text they are stored as.
//!
//! Most tasks are never asked for theirs, so they are not kept ready to be read: as text they take
//! half of the memory, are copied at once with the task, and need not be written and read again when
//! the task is stored and loaded.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Event, Kind, Task, TaskId, Timestamp};

/// The last events of one task, oldest first, at most [`Task::HISTORY`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// A JSON array with an [`Entry`] for each; empty when there are none.
    text: Box<str>,
    length: usize,
}

/// An event without the task's id, which is known: written as an array, `[7,1763892900000,"taskRunning","worker-1",1,"runs"]`.
/// Objects with these fields are read, too.
#[derive(Deserialize)]
struct Entry<'a> {
    sequence: u64,
    at: Timestamp,
    kind: Kind,
    #[serde(default, borrow)]
    node: Option<Text<'a>>,
    #[serde(default)]
    attempt: u32,
    #[serde(borrow)]
    message: Text<'a>,
}

/// Read without being copied where that is possible.
#[derive(Deserialize, Serialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl History {
    /// The history that was stored so.
    ///
    /// # Errors
    /// It is no history.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let entries: Vec<Entry<'_>> = serde_json::from_str(json)?;
        // Whatever was written otherwise, by an earlier release or by hand, is written anew: events
        // are added to the text as it is.
        if !(json.starts_with("[[") && json.ends_with("]]")) {
            return Ok(entries.iter().map(Entry::text).collect());
        }
        Ok(Self {
            text: json.into(),
            length: entries.len(),
        })
    }

    /// How it is stored.
    pub fn as_json(&self) -> &str {
        if self.text.is_empty() {
            "[]"
        } else {
            &self.text
        }
    }

    /// How many events it has.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing has happened to the task yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// One more event of the task; the oldest goes when there are too many.
    pub fn push(&mut self, event: &Event) {
        if self.length >= Task::HISTORY {
            let entries = self.entries();
            let surplus = entries.len() + 1 - Task::HISTORY;
            let kept = entries.iter().skip(surplus).map(Entry::text);
            *self = kept.collect();
        }
        self.add(&Entry::of(event).text());
    }

    /// The events of the task, which is this one.
    pub fn events(&self, task: &TaskId) -> Vec<Event> {
        let entries = self.entries().into_iter();
        entries.map(|entry| entry.event(task)).collect()
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        // What was written here, or was found to be a history when it was loaded, can be read.
        serde_json::from_str(self.as_json()).unwrap_or_default()
    }

    fn add(&mut self, entry: &str) {
        let before = self.text.strip_suffix(']');
        let (before, separator) = before.map_or(("[", ""), |before| (before, ","));
        let mut text =
            String::with_capacity(before.len() + separator.len() + entry.len() + "]".len());
        text.extend([before, separator, entry, "]"]);
        self.text = text.into();
        self.length += 1;
    }
}

impl FromIterator<String> for History {
    fn from_iter<I: IntoIterator<Item = String>>(entries: I) -> Self {
        let mut history = Self::default();
        entries.into_iter().for_each(|entry| history.add(&entry));
        history
    }
}

impl<'a> FromIterator<&'a Event> for History {
    fn from_iter<I: IntoIterator<Item = &'a Event>>(events: I) -> Self {
        let mut history = Self::default();
        events.into_iter().for_each(|event| history.push(event));
        history
    }
}

impl<'a> Entry<'a> {
    fn of(event: &'a Event) -> Self {
        Self {
            sequence: event.sequence,
            at: event.at,
            kind: event.kind,
            node: event.node.as_ref().map(|node| Text(node.as_str().into())),
            attempt: event.attempt,
            message: Text(event.message.as_str().into()),
        }
    }

    fn text(&self) -> String {
        let Self {
            sequence,
            at,
            kind,
            node,
            attempt,
            message,
        } = self;
        // Numbers and texts always become JSON.
        serde_json::to_string(&(sequence, at, kind, node, attempt, message)).unwrap_or_default()
    }

    fn event(self, task: &TaskId) -> Event {
        Event {
            sequence: self.sequence,
            at: self.at,
            kind: self.kind,
            task: Some(task.clone()),
            node: self.node.map(|node| node.0.into_owned().into()),
            attempt: self.attempt,
            message: self.message.0.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64, message: &str) -> Event {
        Event {
            sequence,
            at: Timestamp(1_763_892_900_000),
            kind: Kind::TaskProgress,
            task: Some("a".into()),
            node: (sequence % 2 == 1).then(|| "worker-1".into()),
            attempt: 3,
            message: message.into(),
        }
    }

    #[test]
    fn events_are_told_as_they_were_and_stored_as_they_are_kept() {
        let awkward = ["", "],[", "\"]", "größe 🦀\n\0\\", "plain"];
        let events: Vec<Event> = (1..).zip(awkward).map(|(n, text)| event(n, text)).collect();
        let history: History = events.iter().collect();
        assert_eq!(history.events(&"a".into()), events);
        assert_eq!(History::parse(history.as_json()).unwrap(), history);
        let one: History = [event(1, "runs")].iter().collect();
        let text = r#"[[1,1763892900000,"taskProgress","worker-1",3,"runs"]]"#;
        assert_eq!(one.as_json(), text);
    }

    #[test]
    fn no_events_are_an_empty_array() {
        let none = History::parse(" [ ] ").unwrap();
        assert_eq!((none.as_json(), none.len()), ("[]", 0));
        assert_eq!(none, History::default());
        assert_eq!(none.events(&"a".into()), []);
    }

    #[test]
    fn a_history_of_objects_is_read_and_kept_like_any_other() {
        let events = [event(1, "a"), event(2, "b")];
        let objects = serde_json::to_string(&events).unwrap();
        let read = History::parse(&objects).unwrap();
        assert_eq!(read, events.iter().collect());
    }

    #[test]
    fn a_history_with_spaces_around_it_takes_further_events() {
        let events = [event(1, "a"), event(2, "b"), event(3, "c")];
        let two: History = events[..2].iter().collect();
        let mut read = History::parse(&format!(" {}\n", two.as_json())).unwrap();
        read.push(&events[2]);
        assert_eq!(read.events(&"a".into()), events);
    }

    #[test]
    fn the_oldest_events_go() {
        let mut history = History::default();
        for number in 0..50 {
            history.push(&event(number, "x"));
            assert_eq!(history.len() as u64, (number + 1).min(20));
        }
        let events = history.events(&"a".into());
        let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(numbers, (30..50).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_history_is_refused() {
        for json in ["", "{}", "[1]", "[[1]]", r#"[[1,2,"dance",null,0,"x"]]"#] {
            assert!(History::parse(json).is_err(), "{json}");
        }
    }
}
