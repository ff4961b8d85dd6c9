//! The Go project's worker took its flags with one dash (`-node-id=worker-1`): they are still
//! understood, so that its unit files and scripts work unchanged.

use std::ffi::OsString;

const FLAGS: [&str; 6] = [
    "node-id",
    "hostname",
    "port",
    "master-url",
    "heartbeat-interval",
    "shutdown-timeout",
];

/// The same arguments, those flags with two dashes. What follows `--` belongs to a container.
pub(super) fn accept(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut ours = true;
    let mut accepted = Vec::new();
    for arg in args {
        ours &= arg != "--";
        let flag = arg.to_str().and_then(|arg| arg.strip_prefix('-'));
        let name = flag.map(|flag| flag.split_once('=').map_or(flag, |(name, _)| name));
        match name {
            Some(name) if ours && FLAGS.contains(&name) => {
                let mut long = OsString::from("-");
                long.push(&arg);
                accepted.push(long);
            }
            _ => accepted.push(arg),
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dash_is_as_good_as_two_until_the_containers_own_arguments() {
        let args = [
            "podling",
            "worker",
            "-node-id=w",
            "-port",
            "1",
            "-v",
            "--",
            "-port=2",
        ];
        let accepted = accept(args.map(OsString::from));
        let expected = [
            "podling",
            "worker",
            "--node-id=w",
            "--port",
            "1",
            "-v",
            "--",
            "-port=2",
        ];
        assert_eq!(accepted, expected);
    }
}
