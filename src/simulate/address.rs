//! Where each node is: 127.1.0.1 to 127.1.0.250, then 127.1.1.1, and so on to 127.1.99.250.
//!
//! All of 127.0.0.0/8 is this machine, without any configuration (on Linux). 127.0.x.y is left to
//! what else is there, and no last byte is 0 or above 250: people take those for networks and
//! broadcasts.

use std::net::Ipv4Addr;

/// Nodes whose addresses differ only in the last byte.
const IN_A_ROW: u32 = 250;
const ROWS: u32 = 100;
/// So many nodes have addresses.
pub const MOST_NODES: u32 = IN_A_ROW * ROWS;

/// The address of the node of this number, counted from 1; none: there is no such node.
pub fn of(number: u32) -> Option<Ipv4Addr> {
    let index = number.checked_sub(1).filter(|index| *index < MOST_NODES)?;
    let row = u8::try_from(index / IN_A_ROW).ok()?;
    let place = u8::try_from(index % IN_A_ROW + 1).ok()?;
    Some(Ipv4Addr::new(127, 1, row, place))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn addresses_follow_each_other_and_end() {
        let text = |number| of(number).map(|address| address.to_string());
        assert_eq!(text(0), None);
        assert_eq!(text(1).as_deref(), Some("127.1.0.1"));
        assert_eq!(text(250).as_deref(), Some("127.1.0.250"));
        assert_eq!(text(251).as_deref(), Some("127.1.1.1"));
        assert_eq!(text(MOST_NODES).as_deref(), Some("127.1.99.250"));
        assert_eq!(text(MOST_NODES + 1), None);
    }

    #[test]
    fn every_node_has_one_of_its_own_on_this_machine() {
        let all: HashSet<_> = (1..=MOST_NODES).filter_map(of).collect();
        assert_eq!(all.len(), MOST_NODES as usize);
        assert!(all.iter().all(Ipv4Addr::is_loopback));
    }
}
