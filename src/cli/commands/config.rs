//! `podling config`: what is in force, and where each value comes from.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::cli::context::Context;
use crate::cli::output;
use crate::cli::table::Table;
use crate::config;

/// Show the configuration in force, and where each value comes from
#[derive(Debug, Args)]
#[command(after_help = "\
Later layers win: defaults, /etc/podling/podling.toml, ./podling.toml, ~/.podling.toml or .yaml,
the file named by --config, .env, environment variables, flags.

Examples:
  podling config
  podling config -o json
  podling config --template toml >podling.toml     every setting, explained")]
pub(crate) struct Config {
    /// Print all settings with their defaults, as a file to start from or as a table
    #[arg(long, value_name = "FORM")]
    template: Option<Template>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Template {
    Toml,
    Markdown,
}

impl Config {
    pub fn execute(self, context: &Context) -> anyhow::Result<ExitCode> {
        match self.template {
            Some(Template::Toml) => output::bytes(config::toml().as_bytes())?,
            Some(Template::Markdown) => output::bytes(config::markdown().as_bytes())?,
            None => {
                context.config.check()?;
                let rows = context.config.rows();
                context.output.result(&rows, || {
                    let mut table = Table::new(&["KEY", "VALUE", "SOURCE"]);
                    for row in &rows {
                        let value = match row.value.as_str() {
                            "" => "-",
                            value => value,
                        };
                        table.row(vec![row.key.into(), value.into(), row.source.clone()], None);
                    }
                    table.render()
                })?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
