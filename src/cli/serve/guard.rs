//! Access control: pages of this server and typed addresses are allowed. Requests from other sites are refused,
//! also when they give their own name the address of this machine (DNS rebinding).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// The host names of the server.
#[derive(Clone, Debug)]
pub struct Names {
    hosts: [String; 3],
}

impl Names {
    /// The names of a server at a port of this machine.
    pub fn new(port: u16) -> Names {
        Names { hosts: ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")) }
    }

    fn knows(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// The reason for a refusal.
type Refusal = (StatusCode, &'static str);

/// Lets a request through, or refuses it; and says to the browser what it may do with the answer.
pub async fn guard(State(names): State<Names>, request: Request, next: Next) -> Response {
    let checked = check(&names, &request);
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in ANSWER {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The rest of its policy a page says itself, before anything else. Everything that is no page needs nothing.
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    let policy = if is_page { PAGE_POLICY } else { OTHER_POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

const PAGE_POLICY: &str =
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; connect-src 'self'";
const OTHER_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const ANSWER: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

fn check(names: &Names, request: &Request<Body>) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = only(headers, header::HOST).filter(|host| names.knows(host));
    let Some(host) = host else {
        return Err((StatusCode::MISDIRECTED_REQUEST, "this server does not go by that name\n"));
    };
    // Some clients write the whole address into the first line.
    if request.uri().authority().is_some_and(|a| !a.as_str().eq_ignore_ascii_case(host)) {
        return Err((StatusCode::MISDIRECTED_REQUEST, "this server does not go by that name\n"));
    }
    if headers.contains_key(header::ORIGIN) {
        let origin = only(headers, header::ORIGIN).and_then(|o| o.strip_prefix("http://"));
        if !origin.is_some_and(|o| o.eq_ignore_ascii_case(host)) {
            return Err((StatusCode::FORBIDDEN, "pages of other sites may not ask\n"));
        }
    }
    // https://www.w3.org/TR/fetch-metadata/: a person who types the address asks from nowhere, and a link on another
    // site may lead here.
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|v| v.as_bytes() == value.as_bytes());
    let is_link = request.method() == Method::GET
        && request.uri().path() == "/"
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document");
    if headers.contains_key("sec-fetch-site") {
        let is_typed = is("sec-fetch-site", "none") && request.method() != Method::POST;
        if !is("sec-fetch-site", "same-origin") && !is_typed && !is_link {
            return Err((StatusCode::FORBIDDEN, "pages of other sites may not ask\n"));
        }
    }
    Ok(())
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let outcome = check(&Names::new(80), &request.body(Body::empty()).unwrap());
        outcome.err().map_or(200, |(status, _)| status.as_u16())
    }

    #[test]
    fn the_server_goes_by_names_of_this_machine() {
        for host in ["127.0.0.1:80", "localhost:80", "LocalHost:80", "[::1]:80"] {
            assert_eq!(status("GET", "/", &[("host", host)]), 200, "{host}");
        }
        for host in ["127.0.0.1", "localhost:81", "evil.example:80", "127.0.0.1.evil.example:80", "localhost:80.", ""] {
            assert_eq!(status("GET", "/", &[("host", host)]), 421, "{host}");
        }
        assert_eq!(status("GET", "/", &[]), 421);
        assert_eq!(status("GET", "/", &[("host", "localhost:80"), ("host", "localhost:80")]), 421);
        assert_eq!(status("GET", "http://evil.example:80/", &[("host", "localhost:80")]), 421);
    }

    #[test]
    fn pages_of_other_sites_may_not_ask() {
        let host = ("host", "localhost:80");
        for origin in
            ["http://localhost:81", "https://localhost:80", "http://127.0.0.1:80", "http://evil.example", "null", ""]
        {
            assert_eq!(status("GET", "/", &[host, ("origin", origin)]), 403, "{origin}");
        }
        assert_eq!(status("POST", "/paste", &[host, ("origin", "http://localhost:80")]), 200);
        for site in ["cross-site", "same-site", "anything"] {
            let link = [host, ("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            assert_eq!(status("GET", "/", &link), 200);
            assert_eq!(status("GET", "/events", &link), 403);
            assert_eq!(status("POST", "/", &link), 403);
            assert_eq!(status("GET", "/", &[host, ("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")]), 403);
        }
        assert_eq!(status("GET", "/", &[host, ("sec-fetch-site", "none")]), 200);
        assert_eq!(status("POST", "/paste", &[host, ("sec-fetch-site", "none")]), 403);
        assert_eq!(status("POST", "/paste", &[host, ("sec-fetch-site", "same-origin")]), 200);
    }
}
