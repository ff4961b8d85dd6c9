//! What can go wrong with an engine, told apart by what follows from it.

/// An operation of the engine failed. The text is one line for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such container.
    #[error("there is no container {container}")]
    NotFound {
        /// Its id or name.
        container: String,
    },
    /// Another container has the name.
    #[error("the container name {name} is taken")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Neither the engine nor the registry has the image.
    #[error("image {image} not found: {why}")]
    ImageNotFound {
        /// The image.
        image: String,
        /// As the engine says it.
        why: String,
    },
    /// The registry can't be reached or does not hand out the image.
    #[error("the registry did not give image {image}: {why}")]
    RegistryRefused {
        /// The image.
        image: String,
        /// As the engine says it.
        why: String,
    },
    /// The command can't be executed in the container.
    #[error("bad command: {why}")]
    BadCommand {
        /// As the engine says it.
        why: String,
    },
    /// Something on the host has the port.
    #[error("host port in use: {why}")]
    PortTaken {
        /// As the engine says it, with the address.
        why: String,
    },
    /// There can be no engine at this address.
    #[error(
        "\"{address}\" is no address of a container engine: \
         allowed: unix:///PATH or tcp://HOST:PORT"
    )]
    BadAddress {
        /// The address.
        address: String,
    },
    /// The engine can't be reached.
    #[error("the container engine can't be reached: {why}")]
    Unreachable {
        /// At which address, and why not.
        why: String,
    },
    /// The engine did not answer in time. Whether it did what was asked is unknown.
    #[error("the container engine did not answer within {seconds} s ({operation})")]
    Timeout {
        /// What was asked.
        operation: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// The engine answers, and nothing but that it fails itself.
    #[error("the container engine fails: {why}")]
    OutOfOrder {
        /// As the engine says it.
        why: String,
    },
    /// Anything else the engine refused.
    #[error("the container engine refused to {operation}: {why}")]
    Other {
        /// What was asked.
        operation: &'static str,
        /// As the engine says it.
        why: String,
    },
}

impl Error {
    /// Whether the engine itself is the trouble, not what was asked of it: nothing is known about
    /// the outcome, and no task is to blame.
    pub fn is_engine_trouble(&self) -> bool {
        matches!(
            self,
            Error::Unreachable { .. } | Error::Timeout { .. } | Error::OutOfOrder { .. }
        )
    }

    /// For the metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::NotFound { .. } => "not_found",
            Error::NameTaken { .. } => "name_taken",
            Error::ImageNotFound { .. } => "image_not_found",
            Error::RegistryRefused { .. } => "registry_refused",
            Error::BadCommand { .. } => "bad_command",
            Error::PortTaken { .. } => "port_taken",
            Error::BadAddress { .. } => "bad_address",
            Error::Unreachable { .. } => "unreachable",
            Error::Timeout { .. } => "timeout",
            Error::OutOfOrder { .. } => "out_of_order",
            Error::Other { .. } => "other",
        }
    }
}
