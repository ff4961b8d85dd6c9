//! The commands, one file each.

pub(super) mod config;
pub(super) mod drain;
pub(super) mod events;
pub(super) mod health;
pub(super) mod logs;
pub(super) mod master;
pub(super) mod nodes;
pub(super) mod prune;
pub(super) mod ps;
pub(super) mod release_brake;
pub(super) mod rm;
pub(super) mod run;
pub(super) mod simulate;
pub(super) mod standalone;
pub(super) mod stop;
pub(super) mod uncordon;
pub(super) mod worker;

use std::process::ExitCode;

use super::failure;
use super::output;

/// Does it for each of these, also when one fails; each failure is told with its name. Only one:
/// its failure is the command's.
async fn each(
    names: &[String],
    mut act: impl AsyncFnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    if let [only] = names {
        act(only).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = ExitCode::SUCCESS;
    for name in names {
        match act(name).await {
            Ok(()) => {}
            // Not a matter of this one: nobody reads any more, or nobody answers.
            Err(error) if failure::is_final(&error) => return Err(error),
            Err(error) => {
                output::error(&format!("{name}: {}", failure::describe(&error)));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
