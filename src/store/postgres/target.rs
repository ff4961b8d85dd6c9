//! Which server and database: the URL, read as libpq reads it.
//!
//! What of libpq's parameters the driver does not know is handled here (TLS), has no meaning here
//! (a short list), or is refused by name: nothing a user asks for is ignored in silence.

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use crate::store::Error;

/// Where a connection goes, and how.
#[derive(Clone)]
pub struct Target {
    /// For the driver.
    pub config: Config,
    /// How the server is verified.
    pub tls: MakeRustlsConnect,
    /// For people, without the password.
    pub name: String,
}

/// Parameters the driver understands by itself.
const DRIVER: &[&str] = &[
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

/// Parameters of libpq and of Go's drivers that change nothing here: it is always UTF-8 and UTC,
/// one connection, and neither GSSAPI nor TLS compression.
const MEANINGLESS: &[&str] = &[
    "client_encoding",
    "fallback_application_name",
    "gssencmode",
    "gsslib",
    "krbsrvname",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime",
    "pool_max_conns",
    "pool_min_conns",
    "sslcompression",
    "sslsni",
    "timezone",
    "TimeZone",
];

impl Target {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let refused = |why: String| Error::unusable("DATABASE_URL", why);
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(refused(
                "has to begin with postgres:// or postgresql://".into(),
            ));
        }
        let (address, parameters) = split(url);
        let mut tls = tls::Parameters::default();
        let mut kept = Vec::new();
        for parameter in parameters
            .split('&')
            .filter(|parameter| !parameter.is_empty())
        {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if tls.take(key, &decode(value)).map_err(refused)? || MEANINGLESS.contains(&key) {
                continue;
            }
            if !DRIVER.contains(&key) {
                return Err(refused(format!("parameter {key} is not supported")));
            }
            kept.push(parameter);
        }
        let url = format!("{address}?{}", kept.join("&"));
        let mut config: Config = url.parse().map_err(|error| refused(chain(&error)))?;
        config.ssl_mode(tls.driver_mode());
        if config.get_application_name().is_none() {
            config.application_name(format!("podling master {}", std::process::id()));
        }
        let name = name(&config);
        let tls = tls.connector().map_err(|why| Error::unusable(&name, why))?;
        Ok(Self { config, tls, name })
    }
}

/// The URL before and after the `?`, which may also stand in a password.
fn split(url: &str) -> (&str, &str) {
    let after_password = url.find('@').unwrap_or(0);
    match url[after_password..].find('?') {
        Some(at) => (&url[..after_password + at], &url[after_password + at + 1..]),
        None => (url, ""),
    }
}

/// Resolves `%2F` and the like; what is no such sequence stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let code = tail.get(..2).filter(|_| byte == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `postgresql (db.example.org:5432/podling)`.
fn name(config: &Config) -> String {
    let ports = config.get_ports();
    let address = |(index, host): (usize, &Host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(host) => format!("{host}:{port}"),
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    };
    let hosts: Vec<_> = config.get_hosts().iter().enumerate().map(address).collect();
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or_default();
    format!("postgresql ({}/{database})", hosts.join(","))
}

/// An error and its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some errors repeat their cause.
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::*;

    fn refusal(url: &str) -> String {
        match Target::parse(url) {
            Ok(target) => panic!("{url} is taken for {}", target.name),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_password_is_not_in_the_name() {
        let target =
            Target::parse("postgres://me:s%3Fe?c@db:6000/podling?sslmode=disable").unwrap();
        assert_eq!(target.name, "postgresql (db:6000/podling)");
        assert_eq!(target.config.get_password(), Some(&b"s?e?c"[..]));
        assert_eq!(target.config.get_ssl_mode(), SslMode::Disable);
    }

    #[test]
    fn without_sslmode_the_connection_is_encrypted_when_the_server_can() {
        let target = Target::parse("postgresql://me@db").unwrap();
        assert_eq!(target.config.get_ssl_mode(), SslMode::Prefer);
        assert_eq!(target.name, "postgresql (db:5432/me)");
    }

    #[test]
    fn a_socket_is_named_by_its_folder() {
        let target = Target::parse("postgres://me@%2Frun%2Fpg/podling").unwrap();
        assert_eq!(target.name, "postgresql (/run/pg:5432/podling)");
    }

    #[test]
    fn parameters_without_a_meaning_here_are_taken() {
        Target::parse("postgres://me@db/p?gssencmode=disable&pool_max_conns=4&connect_timeout=3")
            .unwrap();
    }

    #[test]
    fn a_parameter_that_is_not_supported_is_refused_by_name() {
        assert_eq!(
            refusal("postgres://me@db/p?sslcrl=/crl.pem"),
            "DATABASE_URL: parameter sslcrl is not supported"
        );
    }

    #[test]
    fn another_kind_of_url_is_refused() {
        assert_eq!(
            refusal("mysql://me@db/p"),
            "DATABASE_URL: has to begin with postgres:// or postgresql://"
        );
    }

    #[test]
    fn a_bad_value_is_refused() {
        assert!(refusal("postgres://me@db:many/p").starts_with("DATABASE_URL: invalid"));
        assert!(refusal("postgres://me@db/p?sslmode=maybe").contains("sslmode"));
    }

    #[test]
    fn a_missing_root_certificate_is_named() {
        let refusal = refusal("postgres://me@db/p?sslmode=verify-full&sslrootcert=%2Fnot%2Fthere");
        assert!(refusal.contains("sslrootcert /not/there"), "{refusal}");
    }
}
