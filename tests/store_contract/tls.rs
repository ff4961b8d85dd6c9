//! TLS to PostgreSQL: what each `sslmode` asks of the server.
//!
//! The certificates in `tests/support/tls` were made once, are valid for a hundred years and for
//! the host `localhost`, and protect nothing.

use std::path::PathBuf;

use podling::store::{Error, Location, open};

use super::places::{OnServer, batch};
use crate::support::postgres::Postgres;
use crate::support::records::task;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/support/tls")
        .join(name)
}

fn server_with_tls() -> OnServer {
    OnServer::on(Postgres::start_with(|folder| {
        for (name, mode) in [("server.crt", 0o644), ("server.key", 0o600)] {
            use std::os::unix::fs::PermissionsExt;
            std::fs::copy(fixture(name), folder.join(name)).unwrap();
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder.join(name), mode).unwrap();
        }
        // Nobody gets in over TCP without TLS.
        let rules = "local all all trust\nhostssl all all all trust\n";
        std::fs::write(folder.join("pg_hba.conf"), rules).unwrap();
        vec!["listen_addresses = '127.0.0.1'".into(), "ssl = on".into()]
    }))
}

async fn attempt(place: &OnServer, host: &str, parameters: &str) -> Result<(), Error> {
    let url = place
        .server
        .tcp_url(place.database())
        .replace("localhost", host);
    let authority = fixture("authority.crt").display().to_string();
    let stranger = fixture("stranger.crt").display().to_string();
    let parameters = parameters
        .replace("AUTHORITY", &authority)
        .replace("STRANGER", &stranger);
    let location = Location::Postgres {
        url: format!("{url}?{parameters}"),
    };
    let store = open(&location).await?;
    store.commit(&batch([task(1)], [])).await
}

#[tokio::test]
async fn each_sslmode_asks_for_as_much_as_it_says() {
    let place = server_with_tls();
    for (host, parameters) in [
        ("localhost", ""),
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", "sslmode=require&sslrootcert=AUTHORITY"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=AUTHORITY"),
        ("localhost", "sslmode=verify-full&sslrootcert=AUTHORITY"),
    ] {
        let result = attempt(&place, host, parameters).await;
        assert!(
            result.is_ok(),
            "{host} {parameters}: {}",
            result.unwrap_err()
        );
    }
    for (host, parameters, why) in [
        ("localhost", "sslmode=disable", "no encryption"),
        (
            "localhost",
            "sslmode=require&sslrootcert=STRANGER",
            "UnknownIssuer",
        ),
        (
            "localhost",
            "sslmode=verify-ca&sslrootcert=STRANGER",
            "UnknownIssuer",
        ),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=STRANGER",
            "UnknownIssuer",
        ),
        (
            "127.0.0.1",
            "sslmode=verify-full&sslrootcert=AUTHORITY",
            "not valid for name",
        ),
    ] {
        let error = attempt(&place, host, parameters)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{host} {parameters}: {error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_when_tls_is_required() {
    let place = OnServer::on(Postgres::start_with(|_| {
        vec!["listen_addresses = '127.0.0.1'".into()]
    }));
    attempt(&place, "localhost", "sslmode=prefer")
        .await
        .unwrap();
    let error = attempt(&place, "localhost", "sslmode=require")
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("does not support TLS"),
        "{error}"
    );
}
