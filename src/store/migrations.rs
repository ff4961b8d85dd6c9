//! Bringing the tables up to date, at start.
//!
//! The migrations are embedded, one tree per database with the same names. A database that knows
//! a migration this executable does not know was written by a newer podling: it is left alone.

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

pub const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
pub const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Runs what has not run yet. An error is one line that says why the database can't be used.
pub fn run<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    embedded: EmbeddedMigrations,
) -> Result<(), String> {
    let mut known: Vec<Box<dyn Migration<DB>>> = embedded.migrations().map_err(one_line)?;
    known.sort_unstable_by(|a, b| a.name().version().cmp(&b.name().version()));
    let applied = connection.applied_migrations().map_err(one_line)?;
    let is_known = |version| {
        known
            .iter()
            .any(|migration| migration.name().version() == version)
    };
    if let Some(newest) = applied
        .iter()
        .filter(|version| !is_known((*version).as_owned()))
        .max()
    {
        return Err(format!(
            "was written by a newer podling (migration {newest}): run that version or a later one"
        ));
    }
    for migration in known
        .iter()
        .filter(|migration| !applied.contains(&migration.name().version()))
    {
        connection.run_migration(&**migration).map_err(one_line)?;
        log::info!("store: ran migration {}", migration.name());
    }
    Ok(())
}

fn one_line(error: impl ToString) -> String {
    let text = error.to_string();
    let words: Vec<_> = text.split_whitespace().collect();
    format!("its tables can't be made: {}", words.join(" "))
}
