//! Where settings come from, in the order in which later ones win.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::Problem;
use super::file::{self, Raw};
use super::settings::{SETTINGS, Setting};
use super::{Kind, suggest};

/// Variables that begin with `PODLING_` and belong to the build, not to the running program.
const BUILD_VARIABLES: [&str; 2] = ["PODLING_COMMIT", "PODLING_BUILD_DATE"];

/// Everything a configuration is made of. [`Sources::of_process`] finds it; tests make their own.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Files that may be there.
    pub files: Vec<PathBuf>,
    /// The file that was named: it has to be there.
    pub named_file: Option<PathBuf>,
    /// A file of environment variables that may be there.
    pub dotenv: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// The command line's flags.
    pub flags: Vec<Flag>,
    /// The data directory when nobody names one; none: there is no home to put it in.
    pub data_dir: Option<PathBuf>,
}

/// A flag of the command line that sets a setting.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The setting's key.
    pub key: &'static str,
    /// As the user wrote it: `--bind`.
    pub name: &'static str,
    /// Its value.
    pub value: Raw,
}

/// One value of one layer, not read yet.
#[derive(Debug)]
pub(super) struct Entry {
    pub setting: &'static Setting,
    pub kind: Kind,
    pub raw: Raw,
    /// The file, the variable or the flag.
    pub place: String,
    /// How the place calls it; empty when the place says it already.
    pub key: String,
}

impl Sources {
    /// What this process was started with.
    pub fn of_process(named_file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = variable("HOME").map(PathBuf::from);
        let mut files = vec!["/etc/podling/podling.toml".into(), "podling.toml".into()];
        if let Some(home) = &home {
            files.push(home.join(".podling.toml"));
            files.push(home.join(".podling.yaml"));
        }
        let state_home = variable("XDG_STATE_HOME").map(PathBuf::from);
        let data_dir = match is_root() {
            true => Some("/var/lib/podling".into()),
            false => state_home
                .or_else(|| Some(home?.join(".local/state")))
                .map(|state| state.join("podling")),
        };
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        Self {
            files,
            named_file,
            dotenv: Some(".env".into()),
            environment: std::env::vars_os()
                .map(|(k, v)| (text(k), text(v)))
                .collect(),
            flags,
            data_dir,
        }
    }

    /// All entries, first layer first.
    pub(super) fn entries(&self, problems: &mut Vec<Problem>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for path in &self.files {
            read_file(path, false, &mut entries, problems);
        }
        if let Some(path) = &self.named_file {
            read_file(path, true, &mut entries, problems);
        }
        if let Some(path) = &self.dotenv {
            let variables = read_dotenv(path, problems);
            let place = |name: &str| (path.display().to_string(), name.to_owned());
            read_variables(&variables, place, &mut entries, problems);
        }
        let place = |name: &str| (name.to_owned(), String::new());
        read_variables(&self.environment, place, &mut entries, problems);
        for flag in &self.flags {
            let Some(setting) = Setting::find(flag.key) else {
                unreachable!(
                    "the flag {} sets {}, which is no setting",
                    flag.name, flag.key
                )
            };
            entries.push(Entry {
                setting,
                kind: setting.kind,
                raw: flag.value.clone(),
                place: flag.name.to_owned(),
                key: String::new(),
            });
        }
        entries
    }
}

/// Linux shows a process as its user's; elsewhere the answer is no, and the home directory serves.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Whether there is no file. Some programs keep a directory of this name (`.env` of a Python one).
fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory
    )
}

fn read_file(path: &Path, required: bool, entries: &mut Vec<Entry>, problems: &mut Vec<Problem>) {
    let place = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if is_absent(&error) && !required => return,
        Err(error) => {
            let text = match error.kind() {
                ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => format!("can't be read: {error}"),
            };
            problems.push(Problem { place, text });
            return;
        }
    };
    let found = match file::parse(path, &text) {
        Ok(found) => found,
        Err(text) => {
            problems.push(Problem { place, text });
            return;
        }
    };
    for (key, raw) in found {
        let Some(setting) = Setting::find(&key) else {
            let text = format!("unknown key {key:?}{}", suggest::instead_of(&key));
            let place = place.clone();
            problems.push(Problem { place, text });
            continue;
        };
        entries.push(Entry {
            setting,
            kind: setting.kind,
            raw,
            place: place.clone(),
            key,
        });
    }
}

/// The variables of an `.env` file. It is most often another program's too, so a line that can't
/// be read is a problem only when it is ours.
fn read_dotenv(path: &Path, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let place = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if is_absent(&error) => return Vec::new(),
        Err(error) => {
            let text = format!("can't be read: {error}");
            problems.push(Problem { place, text });
            return Vec::new();
        }
    };
    let mut variables = Vec::new();
    for variable in dotenvy::from_read_iter(text.as_bytes()) {
        match variable {
            Ok(variable) => variables.push(variable),
            Err(error) => {
                if let Some(name) = ours_in(&text, &error) {
                    let place = place.clone();
                    // Not the line itself: it may hold a password.
                    let text = format!("the line of {name} can't be read; quote its value");
                    problems.push(Problem { place, text });
                }
            }
        }
    }
    variables
}

/// Which of our variables stands in the line that can't be read. The error holds the line, or the
/// end of it.
fn ours_in<'a>(text: &'a str, error: &dotenvy::Error) -> Option<&'a str> {
    let dotenvy::Error::LineParse(end, _) = error else {
        return None;
    };
    let lines = text
        .lines()
        .filter(|line| line.trim_end().ends_with(end.trim_end()));
    let names = lines.filter_map(|line| line.trim_start().split_once('='));
    let mut names = names.map(|(name, _)| name.trim_start_matches("export ").trim());
    names.find(|name| is_known(name) || name.starts_with("PODLING_"))
}

/// The entries in these variables, in the table's order: of a setting's several names the one made
/// of its key comes last, so it wins. An empty variable counts as not set.
fn read_variables(
    variables: &[(String, String)],
    place: impl Fn(&str) -> (String, String),
    entries: &mut Vec<Entry>,
    problems: &mut Vec<Problem>,
) {
    let value = |name: &str| {
        let (_, value) = variables.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then(|| value.clone())
    };
    for setting in SETTINGS {
        let own = setting.variable();
        for name in setting.also.iter().copied().chain([own.as_str()]) {
            let Some(value) = value(name) else { continue };
            let (place, key) = place(name);
            entries.push(Entry {
                setting,
                kind: kind_in(name, setting.kind),
                raw: Raw::Text(value),
                place,
                key,
            });
        }
    }
    for (name, value) in variables {
        if name.starts_with("PODLING_") && !is_known(name) && !is_of_a_service(name, value) {
            let known = SETTINGS.iter().map(Setting::variable);
            let meant = suggest::did_you_mean(name, known).unwrap_or_default();
            let (place, key) = place(name);
            let text = match key.as_str() {
                "" => format!("unknown variable{meant}"),
                _ => format!("unknown variable {key}{meant}"),
            };
            problems.push(Problem { place, text });
        }
    }
}

/// `DATABASE_URL` is set by many programs for their own databases: it is checked only when it is
/// used.
fn kind_in(variable: &str, kind: Kind) -> Kind {
    match variable {
        "DATABASE_URL" => Kind::Path,
        _ => kind,
    }
}

/// Kubernetes tells a pod of every service, so of one that is called podling too:
/// `PODLING_SERVICE_HOST`, `PODLING_PORT=tcp://…`, `PODLING_PORT_8080_TCP_ADDR`.
fn is_of_a_service(name: &str, value: &str) -> bool {
    let of_a_port = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && value.contains("://"))
        || name.split("_PORT_").skip(1).any(of_a_port)
}

fn is_known(name: &str) -> bool {
    let of_setting = |setting: &Setting| setting.variable() == name || setting.also.contains(&name);
    BUILD_VARIABLES.contains(&name) || SETTINGS.iter().any(of_setting)
}
