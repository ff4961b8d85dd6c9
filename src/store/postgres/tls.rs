//! TLS to the server, with rustls, by libpq's parameters.
//!
//! | `sslmode` | |
//! |---|---|
//! | `disable` | plain |
//! | `allow`, `prefer` (default) | encrypted when the server can; nothing is verified |
//! | `require` | encrypted; nothing is verified, unless `sslrootcert` is given: then as `verify-ca` |
//! | `verify-ca` | encrypted; the certificate has to be signed by an authority of `sslrootcert` |
//! | `verify-full` | the same, and the certificate has to be for the host of the URL |
//!
//! `sslrootcert` is a PEM file, or `system`; without it `~/.postgresql/root.crt`.
//! `sslcert` and `sslkey` are the client's own certificate, when the server asks for one.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme,
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where distributions keep the authorities that the whole system trusts.
const SYSTEM_ROOTS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// The URL's parameters that concern TLS.
#[derive(Debug, Default)]
pub struct Parameters {
    mode: Mode,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Parameters {
    /// Takes a parameter if it is one of these.
    pub fn take(&mut self, key: &str, value: &str) -> Result<bool, String> {
        match key {
            "sslmode" => {
                self.mode = match value {
                    "disable" => Mode::Disable,
                    "allow" | "prefer" => Mode::Prefer,
                    "require" => Mode::Require,
                    "verify-ca" => Mode::VerifyCa,
                    "verify-full" => Mode::VerifyFull,
                    other => {
                        return Err(format!(
                            "sslmode {other} is none of disable, allow, prefer, require, \
                             verify-ca, verify-full"
                        ));
                    }
                }
            }
            "sslrootcert" => self.root = Some(value.to_owned()),
            "sslcert" => self.certificate = Some(value.to_owned()),
            "sslkey" => self.key = Some(value.to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What the driver has to know.
    pub fn driver_mode(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    /// How connections are encrypted and servers verified.
    pub fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(self.verifier(provider)?);
        let config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates("sslcert", Path::new(certificate))?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| format!("sslkey {key}: {error}"))?;
                config
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| format!("sslcert: {error}"))?
            }
            (None, None) => config.with_no_client_auth(),
            _ => return Err("sslcert and sslkey are only of use together".into()),
        };
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let verify = match self.mode {
            Mode::Disable | Mode::Prefer => false,
            Mode::Require => self.root.is_some(),
            Mode::VerifyCa | Mode::VerifyFull => true,
        };
        if !verify {
            return Ok(Arc::new(Encrypted(provider)));
        }
        let webpki = WebPkiServerVerifier::builder_with_provider(self.roots()?.into(), provider)
            .build()
            .map_err(|error| format!("sslrootcert: {error}"))?;
        Ok(match self.mode {
            Mode::VerifyFull => webpki,
            _ => Arc::new(SignedByAuthority(webpki)),
        })
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let path = match self.root.as_deref() {
            Some("system") => {
                let there = SYSTEM_ROOTS.iter().find(|path| Path::new(path).is_file());
                let there =
                    there.ok_or("sslrootcert system: this machine has no list of authorities")?;
                Path::new(there).to_owned()
            }
            Some(path) => Path::new(path).to_owned(),
            None => std::env::home_dir()
                .unwrap_or_default()
                .join(".postgresql/root.crt"),
        };
        // A list for a whole system may hold one that webpki can't read: the others serve.
        roots.add_parsable_certificates(certificates("sslrootcert", &path)?);
        if roots.is_empty() {
            return Err(format!(
                "sslrootcert {}: no certificate in it",
                path.display()
            ));
        }
        Ok(roots)
    }
}

fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{parameter} {}: {error}", path.display()))
}

/// Any certificate will do: safe from listeners, not from impostors.
#[derive(Debug)]
struct Encrypted(Arc<CryptoProvider>);

impl ServerCertVerifier for Encrypted {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Signed by a trusted authority, for whichever host.
#[derive(Debug)]
struct SignedByAuthority(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for SignedByAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        // Ordering: webpki looks at the name last, when everything else was found right.
        match self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(TlsError::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
