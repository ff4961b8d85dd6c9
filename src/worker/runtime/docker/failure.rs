//! What an error of Docker's means: told apart by status, and where that does not suffice by text.
//!
//! Docker's API has no codes for programs. The texts looked for are those of 20.10 to 28.

use bollard::errors::Error as Cause;

use crate::worker::runtime::Error;

/// What was asked of Docker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Connect,
    Info,
    Ping,
    List,
    Inspect,
    Pull,
    Create,
    Start,
    Stop,
    Remove,
    Logs,
    Events,
}

impl Operation {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Operation::Connect => "connect",
            Operation::Info => "describe itself",
            Operation::Ping => "answer a ping",
            Operation::List => "list the containers",
            Operation::Inspect => "inspect the container",
            Operation::Pull => "pull the image",
            Operation::Create => "create the container",
            Operation::Start => "start the container",
            Operation::Stop => "stop the container",
            Operation::Remove => "remove the container",
            Operation::Logs => "read the logs",
            Operation::Events => "tell its events",
        }
    }
}

/// What this error of bollard's means; `host` is the engine's address, `subject` the image or the
/// container it was about.
pub fn failure(host: &str, operation: Operation, subject: &str, cause: Cause) -> Error {
    match cause {
        Cause::DockerResponseServerError {
            status_code,
            message,
        } => refusal(operation, subject, status_code, one_line(&message)),
        Cause::DockerStreamError { error } => refusal(operation, subject, 500, one_line(&error)),
        Cause::RequestTimeoutError => Error::Timeout {
            operation: operation.text(),
            seconds: 0,
        },
        Cause::SocketNotFoundError(path) => Error::Unreachable {
            why: format!("there is no socket {path}: is Docker installed and running?"),
        },
        Cause::HyperLegacyError { err } => unreachable_at(host, &err),
        Cause::HyperResponseError { err } => unreachable_at(host, &err),
        Cause::IOError { err } => unreachable_at(host, &err),
        _ if operation == Operation::Connect => Error::BadAddress {
            address: host.into(),
        },
        cause => Error::Other {
            operation: operation.text(),
            why: one_line(&cause.to_string()),
        },
    }
}

fn refusal(operation: Operation, subject: &str, status: u16, why: String) -> Error {
    let lower = why.to_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    match (operation, status) {
        (Operation::Create, 409) => Error::NameTaken {
            name: subject.into(),
        },
        // Create speaks of an image, all others of a container.
        (Operation::Create | Operation::Pull, 404) => Error::ImageNotFound {
            image: subject.into(),
            why,
        },
        (Operation::Pull, _) if says(&["manifest unknown", "not found"]) => Error::ImageNotFound {
            image: subject.into(),
            why,
        },
        (Operation::Pull, _) => Error::RegistryRefused {
            image: subject.into(),
            why,
        },
        (_, 404) => Error::NotFound {
            container: subject.into(),
        },
        (Operation::Start, _) if says(&["address already in use", "port is already allocated"]) => {
            Error::PortTaken {
                why: port_clash(&why),
            }
        }
        (Operation::Start, _) if says(&COMMAND_TEXTS) => Error::BadCommand {
            why: bad_command(&why),
        },
        _ => Error::Other {
            operation: operation.text(),
            why,
        },
    }
}

/// What a runtime says when a command can't be executed.
const COMMAND_TEXTS: [&str; 5] = [
    "executable file not found",
    "no such file or directory",
    "permission denied",
    "exec format error",
    "no command specified",
];

/// `driver failed programming external connectivity on endpoint … : Error starting userland proxy:
/// listen tcp4 0.0.0.0:80: bind: address already in use` → from `listen` or `Bind for` on.
fn port_clash(why: &str) -> String {
    let start = ["listen ", "Bind for "]
        .iter()
        .find_map(|text| why.find(text));
    why.get(start.unwrap_or_default()..)
        .unwrap_or(why)
        .to_owned()
}

/// `… runc create failed: unable to start container process: exec: "x": executable file not found
/// in $PATH: unknown` → from `exec:` on, without the `unknown`.
fn bad_command(why: &str) -> String {
    let start = why.find("exec: ").unwrap_or_default();
    let text = why.get(start..).unwrap_or(why);
    text.trim_end_matches(": unknown").to_owned()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// hyper says "client error (Connect)"; what it stands on says why.
fn unreachable_at(host: &str, error: &(dyn std::error::Error + 'static)) -> Error {
    let mut innermost = error;
    while let Some(error) = innermost.source() {
        innermost = error;
    }
    let io = innermost.downcast_ref::<std::io::Error>();
    let hint = match io.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::PermissionDenied) => ": is this user in the group docker?",
        _ => "",
    };
    Error::Unreachable {
        why: format!("{host}: {innermost}{hint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operation: Operation, status_code: u16, message: &str) -> Error {
        let cause = Cause::DockerResponseServerError {
            status_code,
            message: message.into(),
        };
        failure("unix:///x.sock", operation, "subject", cause)
    }

    #[test]
    fn a_missing_image_is_told_from_a_missing_container() {
        let error = of(Operation::Create, 404, "No such image: subject:latest");
        assert_eq!(error.kind(), "image_not_found");
        let error = of(Operation::Start, 404, "No such container: subject");
        assert_eq!(error.kind(), "not_found");
    }

    #[test]
    fn an_unknown_tag_is_told_from_a_registry_that_refuses() {
        let text = "manifest for localhost:5000/x:y not found: manifest unknown: manifest unknown";
        assert_eq!(of(Operation::Pull, 404, text).kind(), "image_not_found");
        let text = "Get http://localhost:1/v2/: dial tcp 127.0.0.1:1: connect: connection refused";
        assert_eq!(of(Operation::Pull, 500, text).kind(), "registry_refused");
    }

    #[test]
    fn a_taken_port_names_the_address() {
        let text = "driver failed programming external connectivity on endpoint podling-x (9f): \
                    Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use";
        let error = of(Operation::Start, 500, text);
        assert_eq!(
            error.to_string(),
            "host port in use: listen tcp4 0.0.0.0:80: bind: address already in use"
        );
        let text = "driver failed: Bind for 127.0.0.1:80 failed: port is already allocated";
        let error = of(Operation::Start, 500, text).to_string();
        assert!(
            error.ends_with("Bind for 127.0.0.1:80 failed: port is already allocated"),
            "{error}"
        );
    }

    #[test]
    fn a_bad_command_is_told_without_the_noise() {
        let text = "OCI runtime create failed: runc create failed: unable to start container process: \
                    exec: \"/nope\": stat /nope: no such file or directory: unknown";
        assert_eq!(
            of(Operation::Start, 400, text).to_string(),
            "bad command: exec: \"/nope\": stat /nope: no such file or directory"
        );
    }

    #[test]
    fn a_taken_name_is_no_other_conflict() {
        assert_eq!(of(Operation::Create, 409, "Conflict.").kind(), "name_taken");
        let error = of(
            Operation::Remove,
            409,
            "removal of container is already in progress",
        );
        assert_eq!(error.kind(), "other");
    }

    #[test]
    fn an_engine_that_is_not_there_says_what_to_look_at() {
        let error = failure(
            "unix:///x.sock",
            Operation::Ping,
            "",
            Cause::SocketNotFoundError("/x.sock".into()),
        );
        assert!(error.is_engine_trouble());
        assert!(error.to_string().contains("/x.sock"));
    }

    #[test]
    fn a_socket_that_is_not_for_this_user_says_which_and_what_to_look_at() {
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let error = failure(
            "unix:///x.sock",
            Operation::Info,
            "",
            Cause::IOError { err: denied },
        );
        assert!(error.is_engine_trouble());
        assert_eq!(
            error.to_string(),
            "the container engine can't be reached: unix:///x.sock: permission denied: \
             is this user in the group docker?"
        );
    }
}
