//! A node's row.

use diesel::prelude::{Insertable, Queryable};

use super::text::{pack, unpack};
use super::{Damaged, Record};
use crate::core::{Availability, Node, Timestamp};
use crate::store::schema::nodes;

/// A node as it is stored. The order of the fields is the order of the columns.
#[derive(Debug, Clone, PartialEq, Queryable, Insertable)]
#[diesel(table_name = nodes, treat_none_as_default_value = false)]
pub struct NodeRow {
    id: String,
    hostname: String,
    port: i64,
    availability: String,
    offline_reason: String,
    degraded: Option<String>,
    unreachable: Option<String>,
    drain_json: Option<String>,
    capacity_json: String,
    labels_json: String,
    engine_json: Option<String>,
    version: Option<String>,
    heartbeat_interval_ms: i64,
    registered_at_ms: i64,
    heard_at_ms: i64,
}

impl NodeRow {
    /// How many columns a row has.
    pub const COLUMNS: usize = 15;
}

const ONLINE: &str = "online";
const OFFLINE: &str = "offline";

impl TryFrom<&Node> for NodeRow {
    type Error = Damaged;

    fn try_from(node: &Node) -> Result<Self, Damaged> {
        let record = Record {
            kind: "node",
            id: node.id.as_str(),
        };
        // Named one by one, so that a new field can't be forgotten here.
        let Node {
            id,
            hostname,
            port,
            availability,
            drain,
            degraded,
            unreachable,
            offline_reason,
            capacity,
            labels,
            engine,
            version,
            heartbeat_interval_ms,
            registered_at,
            heard_at,
        } = node;
        let drain = drain
            .as_ref()
            .map(|drain| record.to_json("drain_json", drain));
        let engine = engine
            .as_ref()
            .map(|engine| record.to_json("engine_json", engine));
        Ok(Self {
            id: pack(id.as_str()),
            hostname: pack(hostname),
            port: i64::from(*port),
            availability: match availability {
                Availability::Online => ONLINE.to_owned(),
                Availability::Offline => OFFLINE.to_owned(),
            },
            offline_reason: pack(offline_reason),
            degraded: degraded.as_deref().map(pack),
            unreachable: unreachable.as_deref().map(pack),
            drain_json: drain.transpose()?,
            capacity_json: record.to_json("capacity_json", capacity)?,
            labels_json: record.to_json("labels_json", labels)?,
            engine_json: engine.transpose()?,
            version: version.as_deref().map(pack),
            // Full 64 bits go in and come back.
            heartbeat_interval_ms: heartbeat_interval_ms.cast_signed(),
            registered_at_ms: registered_at.0,
            heard_at_ms: heard_at.0,
        })
    }
}

impl TryFrom<NodeRow> for Node {
    type Error = Damaged;

    fn try_from(row: NodeRow) -> Result<Self, Damaged> {
        let record = Record {
            kind: "node",
            id: &row.id,
        };
        let drain = row.drain_json.as_deref();
        let drain = drain.map(|json| record.parse("drain_json", json));
        let engine = row.engine_json.as_deref();
        let engine = engine.map(|json| record.parse("engine_json", json));
        Ok(Node {
            hostname: unpack(row.hostname),
            port: record.number("port", row.port)?,
            availability: match row.availability.as_str() {
                ONLINE => Availability::Online,
                OFFLINE => Availability::Offline,
                other => {
                    let problem = format!("{other:?} is neither {ONLINE} nor {OFFLINE}");
                    return Err(record.damaged("availability", problem));
                }
            },
            drain: drain.transpose()?,
            degraded: row.degraded.map(unpack),
            unreachable: row.unreachable.map(unpack),
            offline_reason: unpack(row.offline_reason),
            capacity: record.parse("capacity_json", &row.capacity_json)?,
            labels: record.parse("labels_json", &row.labels_json)?,
            engine: engine.transpose()?,
            version: row.version.map(unpack),
            heartbeat_interval_ms: row.heartbeat_interval_ms.cast_unsigned(),
            registered_at: Timestamp(row.registered_at_ms),
            heard_at: Timestamp(row.heard_at_ms),
            id: unpack(row.id).into(),
        })
    }
}
