//! Ids of tasks and nodes: cheap to copy, impossible to mix up.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A map by ids: a submission looks up a dozen of them. Not for keys that clients choose at will.
pub(super) type ById<Id, T> = HashMap<Id, T, foldhash::fast::RandomState>;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($text:ty)) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name($text);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

id!(
    /// The id of a task: `YYYYMMDDhhmmss-xxxxxxxx`, made by `decide::submit`. That is just what a `SmolStr`
    /// holds in itself: there are a million of them, in the record and in the index, and each is
    /// hashed without being fetched from elsewhere.
    TaskId(SmolStr)
);
id!(
    /// The id of a node: chosen by its worker, or made like a task's.
    NodeId(Arc<str>)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_and_stored_as_its_text() {
        let id = TaskId::from("20250119122456-aaaaaaaa".to_owned());
        assert_eq!(format!("{id}"), id.as_str());
        assert!(!id.0.is_heap_allocated());
        assert_eq!(format!("{id:?}"), "\"20250119122456-aaaaaaaa\"");
        assert_eq!(serde_json::to_value(&id).unwrap(), id.as_str());
        let by_text = std::collections::HashSet::from([id]);
        assert!(by_text.contains("20250119122456-aaaaaaaa"));
    }
}
