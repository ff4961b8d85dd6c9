//! Keeps web pages from commanding an API that asks for no password.
//!
//! A browser sends a `POST` without a body to anybody, whatever page asks for it, and a page whose
//! name was made to point at this machine (DNS rebinding) may even read the answers. Browsers tell
//! both: by `Origin`, the page that asks, and by `Host`, the name it asked for. Programs send no
//! `Origin` and are not touched.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};

use super::Refusal;

/// What a server lets in.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    loopback: bool,
}

impl Guard {
    /// The guard of a server that listens on this address. Only on loopback the names it may be
    /// called by are known.
    pub fn of(address: IpAddr) -> Self {
        Self {
            loopback: address.is_loopback(),
        }
    }

    /// Whether a request with these headers is let in. Allocates nothing when it is.
    ///
    /// # Errors
    /// 403 `foreign_origin` or `foreign_host`.
    pub fn check(self, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = text(headers, &HOST);
        if let Some(host) = host
            && self.loopback
            && !is_loopback(host)
        {
            return Err(forbidden(
                "foreign_host",
                format!("{host:?} is no name of this machine's loopback address: use 127.0.0.1"),
            ));
        }
        let Some(origin) = text(headers, &ORIGIN) else {
            return Ok(());
        };
        // What has no scheme (`null`) is nowhere.
        let page = origin.split_once("://").map(|(_, page)| page);
        match (page, host) {
            (Some(page), Some(host)) if page.eq_ignore_ascii_case(host) => Ok(()),
            _ => Err(forbidden(
                "foreign_origin",
                format!("a page of {origin:?} may not use this API"),
            )),
        }
    }
}

/// A header; one that is not even text is nobody's.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?;
    Some(value.to_str().unwrap_or_default())
}

fn is_loopback(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[') {
        let Some((address, port)) = v6.split_once(']') else {
            return false;
        };
        return (port.is_empty() || port.starts_with(':'))
            && address.parse() == Ok(Ipv6Addr::LOCALHOST);
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn forbidden(code: &str, error: String) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, code, error)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn code(bind: &str, host: &str, origin: Option<&str>) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        let refused = Guard::of(bind.parse().unwrap()).check(&headers).err()?;
        Some(refused.body().code.clone())
    }

    #[test]
    fn a_page_of_another_origin_is_refused_wherever_the_server_listens() {
        for bind in ["127.0.0.1", "0.0.0.0"] {
            for origin in [
                "http://evil.example",
                "http://localhost:3000",
                "null",
                "http://localhost:8080.evil.example",
                "é",
            ] {
                let refused = code(bind, "localhost:8080", Some(origin));
                assert_eq!(refused.as_deref(), Some("foreign_origin"), "{origin}");
            }
            let own = Some("http://LOCALHOST:8080");
            assert_eq!(code(bind, "localhost:8080", own), None);
        }
    }

    #[test]
    fn a_name_that_is_not_loopback_is_refused_on_loopback_only() {
        for host in [
            "evil.example",
            "evil.example:8080",
            "10.0.0.1:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[::2]:8080",
            "[::1]evil",
            "",
        ] {
            let refused = code("127.0.0.1", host, None);
            assert_eq!(refused.as_deref(), Some("foreign_host"), "{host}");
            assert_eq!(code("0.0.0.0", host, None), None, "{host}");
        }
        // A rebound name has an origin that fits it.
        let rebound = code("::1", "evil.example", Some("http://evil.example"));
        assert_eq!(rebound.as_deref(), Some("foreign_host"));
    }

    #[test]
    fn loopback_has_several_names() {
        for host in [
            "localhost",
            "LocalHost:1",
            "127.0.0.1:8080",
            "127.1.2.3",
            "[::1]",
            "[::1]:9",
        ] {
            assert_eq!(code("127.0.0.1", host, None), None, "{host}");
        }
    }

    #[test]
    fn programs_that_name_no_host_are_let_in() {
        let guard = Guard::of("127.0.0.1".parse().unwrap());
        assert_eq!(guard.check(&HeaderMap::new()), Ok(()));
    }
}
