//! What a scenario found: a table for people, JSON for the report.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use comfy_table::{Table, presets};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a scenario found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Its name; the name of its file.
    #[serde(default)]
    pub scenario: String,
    /// What was measured, and how.
    pub what: String,
    /// How large it was.
    pub settings: Value,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
    pub goals: Vec<Goal>,
    /// What others reach, as the issue says.
    pub comparison: Vec<String>,
    pub charts: Vec<Chart>,
    /// All figures.
    pub results: Value,
    /// The machine and the commit.
    #[serde(default)]
    pub measured_on: Value,
}

/// What one figure should be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Goal {
    pub what: String,
    pub measured: f64,
    pub goal: f64,
    pub unit: String,
    /// Else it should be at most that.
    pub at_least: bool,
    pub reached: bool,
}

impl Goal {
    pub fn at_least(what: impl Into<String>, measured: f64, goal: f64, unit: &str) -> Self {
        Self {
            reached: measured >= goal,
            ..Self::new(what, measured, goal, unit, true)
        }
    }

    pub fn at_most(what: impl Into<String>, measured: f64, goal: f64, unit: &str) -> Self {
        Self {
            reached: measured <= goal,
            ..Self::new(what, measured, goal, unit, false)
        }
    }

    fn new(what: impl Into<String>, measured: f64, goal: f64, unit: &str, at_least: bool) -> Self {
        Self {
            what: what.into(),
            measured,
            goal,
            unit: unit.to_owned(),
            at_least,
            reached: false,
        }
    }

    /// `at least 7,500 tasks/s: 8,012 (reached)`.
    pub fn text(&self) -> String {
        let bound = if self.at_least { "at least" } else { "at most" };
        let reached = if self.reached { "reached" } else { "missed" };
        let (goal, measured) = (number(self.goal), number(self.measured));
        format!(
            "{}: {measured} {}; goal: {bound} {goal} ({reached})",
            self.what, self.unit
        )
    }
}

/// A picture of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Chart {
    /// Behind the scenario's name in the name of its file; may be empty.
    pub name: String,
    pub title: String,
    pub y: String,
    pub shape: Shape,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A bar for each, and what each should reach when there is such a goal.
    Bars(Vec<Bar>),
    /// Lines over `x`.
    Lines { x: String, lines: Vec<Line> },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bar {
    pub label: String,
    pub value: f64,
    pub goal: Option<f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

impl Outcome {
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(&self.head);
        for row in &self.rows {
            table.add_row(row);
        }
        let goals = self.goals.iter().map(|goal| format!("\n  {}", goal.text()));
        format!("{}\n{table}{}\n", self.what, goals.collect::<String>())
    }

    /// Writes it to `target/bench`.
    pub fn write(mut self, scenario: &str, measured_on: Value) -> Result<()> {
        self.scenario = scenario.to_owned();
        self.measured_on = measured_on;
        let folder = folder()?;
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{scenario}.json"));
        std::fs::write(&file, serde_json::to_string_pretty(&self)? + "\n")
            .with_context(|| file.display().to_string())
    }
}

/// Where outcomes are before they are reported.
pub fn folder() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(match std::env::var_os("BENCH_RESULTS") {
        Some(folder) => folder.into(),
        None => root.join("target/bench"),
    })
}

/// The strings of a row.
#[macro_export]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($cell.to_string()),*] };
}

/// With thousands apart, and no more digits than it has.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (whole, part) = match text.split_once('.') {
        Some((whole, part)) => (whole, part.trim_end_matches('0')),
        None => (text.as_str(), ""),
    };
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && digit != '-' {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if part.is_empty() {
        grouped
    } else {
        format!("{grouped}.{part}")
    }
}

/// Owned strings of these.
pub fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
