//! Processes that do not survive the test that started them, however it ends: one that is killed
//! drops nothing.

use std::path::Path;
use std::process::Command;

/// The same command, whose process is killed when the thread that starts it ends. It has the number
/// of the process that is started, as before. Its input and output are to be set on what is given back:
/// a command does not tell them.
pub fn tied(command: Command) -> Command {
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "KILL"]);
    tied.arg(command.get_program()).args(command.get_args());
    if let Some(dir) = command.get_current_dir() {
        tied.current_dir(dir);
    }
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(key, value),
            None => tied.env_remove(key),
        };
    }
    tied
}

/// Whether a process of this number runs on this machine.
pub fn is_alive(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}
