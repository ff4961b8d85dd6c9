//! A task's row.

use std::sync::Arc;

use diesel::prelude::{Insertable, Queryable};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};

use super::text::{pack, unpack};
use super::{Damaged, Record};
use crate::core::{Desired, Ended, History, Idempotency, Spec, Status, Task, Timestamp};
use crate::store::schema::tasks;

/// What is wanted of nearly all tasks, as serde writes it.
const RUN: &str = r#"{"want":"run"}"#;

/// A task as it is stored. The order of the fields is the order of the columns.
#[derive(Debug, Clone, PartialEq, Queryable, Insertable)]
// Without it the text of an insert would depend on its values: diesel would not keep it prepared.
#[diesel(table_name = tasks, treat_none_as_default_value = false)]
pub struct TaskRow {
    id: String,
    sequence: i64,
    status: String,
    reason: String,
    attempt: i64,
    placement: i64,
    node_id: Option<String>,
    container_id: Option<String>,
    exit_code: Option<i64>,
    error: Option<String>,
    restart_count: i64,
    health: Option<String>,
    created_at_ms: i64,
    scheduled_at_ms: Option<i64>,
    started_at_ms: Option<i64>,
    finished_at_ms: Option<i64>,
    idempotency_key: Option<String>,
    idempotency_fingerprint: Option<i64>,
    spec_json: String,
    desired_json: String,
    history_json: String,
}

impl TaskRow {
    /// How many columns a row has.
    pub const COLUMNS: usize = 21;
}

impl TryFrom<&Task> for TaskRow {
    type Error = Damaged;

    fn try_from(task: &Task) -> Result<Self, Damaged> {
        let record = Record {
            kind: "task",
            id: task.id.as_str(),
        };
        // Named one by one, so that a new field can't be forgotten here.
        let Task {
            id,
            sequence,
            spec,
            idempotency,
            desired,
            status,
            attempt,
            placement,
            node,
            container_id,
            reason,
            restart_count,
            health,
            created_at,
            scheduled_at,
            started_at,
            ended,
            history,
        } = task;
        let ended = ended.as_deref();
        Ok(Self {
            id: pack(id.as_str()),
            // Full 64 bits go in and come back; order holds for the first 2^63 events.
            sequence: sequence.cast_signed(),
            status: status.as_str().to_owned(),
            reason: pack(reason),
            attempt: i64::from(*attempt),
            placement: placement.cast_signed(),
            node_id: node.as_ref().map(|id| pack(id.as_str())),
            container_id: container_id.as_deref().map(pack),
            exit_code: ended.and_then(|ended| ended.exit_code),
            error: ended.and_then(|ended| ended.error.as_deref().map(pack)),
            restart_count: i64::from(*restart_count),
            health: health.as_deref().map(pack),
            created_at_ms: created_at.0,
            scheduled_at_ms: scheduled_at.map(|at| at.0),
            started_at_ms: started_at.map(|at| at.0),
            finished_at_ms: ended.map(|ended| ended.at.0),
            idempotency_key: idempotency.as_ref().map(|i| pack(&i.key)),
            idempotency_fingerprint: idempotency.as_ref().map(|i| i.fingerprint.cast_signed()),
            spec_json: record.to_json("spec_json", &**spec)?,
            desired_json: record.to_json("desired_json", desired)?,
            history_json: history.as_json().to_owned(),
        })
    }
}

impl TaskRow {
    /// The task, and how its spec was written. `last` are those of the row before: equal specs that
    /// follow one another are read once, and are one in memory.
    pub fn into_task(self, last: Option<&(String, Arc<Spec>)>) -> Result<(Task, String), Damaged> {
        let row = self;
        let record = Record {
            kind: "task",
            id: &row.id,
        };
        let spec = match last {
            Some((json, spec)) if *json == row.spec_json => spec.clone(),
            _ => Arc::new(record.parse("spec_json", &row.spec_json)?),
        };
        let idempotency = match (row.idempotency_key, row.idempotency_fingerprint) {
            (Some(key), Some(fingerprint)) => Some(Box::new(Idempotency {
                key: unpack(key).into(),
                fingerprint: fingerprint.cast_unsigned(),
            })),
            (None, None) => None,
            _ => {
                let problem = "the key has a fingerprint or there is neither";
                return Err(record.damaged("idempotency_key", problem));
            }
        };
        let ended = match (row.finished_at_ms, row.exit_code, row.error) {
            (Some(at), exit_code, error) => Some(Box::new(Ended {
                at: Timestamp(at),
                exit_code,
                error: error.map(|text| unpack(text).into()),
            })),
            (None, None, None) => None,
            (None, _, _) => {
                let problem = "it says how the task ended, but not when";
                return Err(record.damaged("finished_at_ms", problem));
            }
        };
        let word: StrDeserializer<'_, WordError> = row.status.as_str().into_deserializer();
        let task = Task {
            sequence: row.sequence.cast_unsigned(),
            spec,
            idempotency,
            desired: match row.desired_json.as_str() {
                RUN => Desired::Run,
                json => record.parse("desired_json", json)?,
            },
            status: Status::deserialize(word).map_err(|error| record.damaged("status", error))?,
            attempt: record.number("attempt", row.attempt)?,
            placement: row.placement.cast_unsigned(),
            node: row.node_id.map(|id| unpack(id).into()),
            container_id: row.container_id.map(|text| unpack(text).into()),
            reason: unpack(row.reason).into(),
            restart_count: record.number("restart_count", row.restart_count)?,
            health: row.health.map(|text| unpack(text).into()),
            created_at: Timestamp(row.created_at_ms),
            scheduled_at: row.scheduled_at_ms.map(Timestamp),
            started_at: row.started_at_ms.map(Timestamp),
            ended,
            history: History::parse(&row.history_json)
                .map_err(|error| record.damaged("history_json", error))?,
            id: unpack(row.id).into(),
        };
        Ok((task, row.spec_json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_of_nearly_all_is_known_by_its_text() {
        assert_eq!(serde_json::to_string(&Desired::Run).unwrap(), RUN);
    }
}
