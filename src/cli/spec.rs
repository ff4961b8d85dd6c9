//! The parts of a task as they are written on the command line.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

use super::failure::Usage;
use crate::config::Kind;
use crate::wire;

/// A variable of the container; without a value: with the one it has here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    name: String,
    value: Option<String>,
}

/// `KEY=VALUE` or `KEY`.
pub(super) fn variable(text: &str) -> anyhow::Result<Variable> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        bail!("allowed: KEY=VALUE or KEY, without whitespace in KEY");
    }
    let name = name.to_owned();
    Ok(Variable { name, value })
}

/// The container's environment: the files first, so that single variables beat them.
pub(super) fn environment(
    files: &[PathBuf],
    single: Vec<Variable>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = Vec::new();
    for file in files {
        all.extend(env_file(file)?);
    }
    all.extend(single);
    let known = |variable: Variable| {
        let here = || std::env::var(&variable.name).ok();
        let value = variable.value.or_else(here)?;
        Some((variable.name, value))
    };
    Ok(all.into_iter().filter_map(known).collect())
}

/// As `docker run --env-file` reads it: everything after the first `=` is the value, quotes too;
/// lines that begin with `#` and empty ones are nothing.
fn env_file(path: &Path) -> anyhow::Result<Vec<Variable>> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).with_context(|| Usage(format!("--env-file {shown}")))?;
    let lines = text
        .lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim_start()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(n, line)| {
            variable(line).with_context(|| Usage(format!("--env-file {shown}, line {n}")))
        })
        .collect()
}

/// `KEY=VALUE`.
pub(super) fn label(text: &str) -> anyhow::Result<(String, String)> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => bail!("allowed: KEY=VALUE"),
    }
}

/// `[IP:]HOST:CONTAINER[/tcp|/udp]`; an IPv6 address in brackets.
pub(super) fn port(text: &str) -> anyhow::Result<wire::Port> {
    let wrong =
        || anyhow!("allowed: [IP:]HOST:CONTAINER[/udp], such as 8000:80 or 127.0.0.1:5353:53/udp");
    let (ports, protocol) = match text.rsplit_once('/') {
        Some((ports, "udp")) => (ports, wire::Protocol::Udp),
        Some((ports, "tcp")) => (ports, wire::Protocol::Tcp),
        Some(_) => return Err(wrong()),
        None => (text, wire::Protocol::Tcp),
    };
    let (host, container) = ports.rsplit_once(':').ok_or_else(wrong)?;
    let (ip, host) = match host.rsplit_once(':') {
        Some((ip, host)) => (Some(ip.trim_matches(['[', ']'])), host),
        None => (None, host),
    };
    let ip: Option<IpAddr> = ip.map(|ip| ip.parse().map_err(|_| wrong())).transpose()?;
    let number = |text: &str| {
        text.parse::<u16>()
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(wrong)
    };
    Ok(wire::Port {
        name: None,
        container_port: number(container)?,
        host_port: Some(number(host)?),
        host_ip: ip.map(|ip| ip.to_string()),
        protocol,
    })
}

/// Cores; the master reads the text.
pub(super) fn cpu(text: &str) -> anyhow::Result<wire::Quantity> {
    amount(Kind::Cpu, text)
}

/// Bytes; the master reads the text.
pub(super) fn memory(text: &str) -> anyhow::Result<wire::Quantity> {
    amount(Kind::Memory, text)
}

fn amount(kind: Kind, text: &str) -> anyhow::Result<wire::Quantity> {
    match kind.read(text) {
        Some(_) => Ok(wire::Quantity::Text(text.to_owned())),
        None => bail!("allowed: {}", kind.allowed()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn ports_are_read_with_and_without_address_and_protocol() {
        let read = |text: &str| {
            let port = port(text).unwrap();
            (
                port.host_ip,
                port.host_port,
                port.container_port,
                port.protocol,
            )
        };
        assert_eq!(read("8000:80"), (None, Some(8000), 80, wire::Protocol::Tcp));
        let local = Some("127.0.0.1".to_owned());
        assert_eq!(
            read("127.0.0.1:53:5353/udp"),
            (local, Some(53), 5353, wire::Protocol::Udp)
        );
        let v6 = Some("::1".to_owned());
        assert_eq!(read("[::1]:1:2/tcp"), (v6, Some(1), 2, wire::Protocol::Tcp));
        for wrong in [
            "",
            "80",
            "0:80",
            "80:0",
            "a:80",
            "x:1:2",
            "80:80/sctp",
            "1:70000",
        ] {
            assert!(port(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_env_file_is_read_as_docker_reads_it_and_single_variables_beat_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        std::fs::write(
            &path,
            "# a comment\n\nA=\"1\" 2\nB=x=y\n PATH\nNOT_SET_ANYWHERE\n",
        )
        .unwrap();
        let single = ["B=z", "C="].map(|text| variable(text).unwrap());
        let environment = environment(&[path], single.into()).unwrap();
        let path = std::env::var("PATH").unwrap();
        let expected = [("A", "\"1\" 2"), ("B", "z"), ("C", ""), ("PATH", &path)];
        let expected = expected.map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(environment, expected.into());
    }

    #[test]
    fn a_bad_line_of_an_env_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        for bad in ["=2", "export C=3", "D = 5"] {
            std::fs::write(&path, format!("A=1\n{bad}\n")).unwrap();
            let error = environment(std::slice::from_ref(&path), vec![]).unwrap_err();
            let expected = "env, line 2: allowed: KEY=VALUE or KEY, without whitespace in KEY";
            assert!(format!("{error:#}").ends_with(expected), "{error:#}");
        }
    }
}
