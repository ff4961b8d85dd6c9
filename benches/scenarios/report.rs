//! `make bench-report`: what was measured last becomes `docs/BENCHMARKS.md`, with a chart for each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::chart;
use crate::outcome::{Outcome, folder};

const METHOD: &str = include_str!("method.md");
/// In this order, each with its heading.
const SECTIONS: [(&str, &str); 10] = [
    ("placements", "Placements in core"),
    ("submit", "Durable submissions"),
    ("cluster", "A cluster of a thousand nodes"),
    ("scale", "The same at sixty times the size"),
    ("list", "Listing"),
    ("heartbeats", "Heartbeats"),
    ("container", "One container"),
    ("burst", "Forty containers at once"),
    ("restart", "Restart"),
    ("day", "A day of it"),
];

/// Takes over what is in `target/bench`, keeps what is in `docs/benchmarks` of the others, and writes the document.
pub fn write() -> Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let kept = docs.join("benchmarks");
    std::fs::create_dir_all(&kept)?;
    for file in json_files(&folder()?)? {
        let name = file.file_name().context("a file without a name")?;
        std::fs::copy(&file, kept.join(name))?;
    }
    let mut outcomes = BTreeMap::new();
    for file in json_files(&kept)? {
        let text = std::fs::read_to_string(&file)?;
        let outcome: Outcome =
            serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        outcomes.insert(outcome.scenario.clone(), outcome);
    }
    let mut text = METHOD.to_owned();
    for (name, title) in SECTIONS {
        let Some(outcome) = outcomes.get(name) else {
            continue;
        };
        section(&mut text, title, outcome)?;
        for chart in &outcome.charts {
            let file = chart_file(outcome, &chart.name);
            std::fs::write(kept.join(file), chart::svg(chart)?)?;
        }
    }
    std::fs::write(docs.join("BENCHMARKS.md"), text)?;
    eprintln!("docs/BENCHMARKS.md: {} scenarios", outcomes.len());
    Ok(())
}

fn section(text: &mut String, title: &str, outcome: &Outcome) -> Result<()> {
    writeln!(text, "\n## {title}\n\n{}\n", outcome.what)?;
    table(text, &outcome.head, &outcome.rows)?;
    if !outcome.goals.is_empty() {
        writeln!(text)?;
    }
    for goal in &outcome.goals {
        writeln!(text, "- {}", goal.text())?;
    }
    for comparison in &outcome.comparison {
        writeln!(text, "- For comparison: {comparison}.")?;
    }
    for chart in &outcome.charts {
        let file = chart_file(outcome, &chart.name);
        writeln!(text, "\n![{}](benchmarks/{file})", chart.title)?;
    }
    let on = &outcome.measured_on;
    let said = |key: &str| match &on[key] {
        Value::String(text) => text.clone(),
        Value::Null => "?".to_owned(),
        other => other.to_string(),
    };
    writeln!(
        text,
        "\n<sub>{}: commit {}, {} cores of {}, {}, load before {}; settings `{}`; [all figures](benchmarks/{}.json)</sub>",
        said("date"),
        said("commit"),
        said("cores"),
        said("processor"),
        said("kernel"),
        said("load_before"),
        outcome.settings,
        outcome.scenario,
    )?;
    Ok(())
}

fn table(text: &mut String, head: &[String], rows: &[Vec<String>]) -> Result<()> {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    writeln!(text, "{}", line(head))?;
    writeln!(text, "|{}", "---|".repeat(head.len()))?;
    for row in rows {
        writeln!(text, "{}", line(row))?;
    }
    Ok(())
}

fn chart_file(outcome: &Outcome, name: &str) -> String {
    match name {
        "" => format!("{}.svg", outcome.scenario),
        _ => format!("{}-{name}.svg", outcome.scenario),
    }
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(vec![]);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    Ok(files)
}
