//! Paths that come thousands of times a second: found by comparing what stands before and after
//! their `{id}`. actix-web looks for those by a regular expression, which takes two microseconds.

use actix_web::dev::Payload;
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest, Route, Scope, web};
use futures_util::future::{Ready, ready};

use super::Refusal;

/// The shortcut to a route at `path`, which has one `{id}`. What does not fit (another method, an id that is not
/// just letters, digits and `-._~`) goes on to what is registered after it: the route itself, once more.
pub fn shortcut(path: &'static str, method: Method, route: Route) -> Scope {
    let (before, after) = path.split_once("{id}").unwrap_or((path, ""));
    let fits = move |context: &GuardContext<'_>| {
        let head = context.head();
        let path = head.uri.path();
        let id = path
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        head.method == method && id.is_some_and(is_plain)
    };
    web::scope(before.trim_end_matches('/'))
        .guard(fn_guard(fits))
        .default_service(route)
}

fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !id.is_empty() && id.bytes().all(plain)
}

/// The `{id}` of a path, whether it was found by a shortcut or not: made of its text, without a copy between.
#[derive(Debug)]
pub struct PathId<T = String>(pub T);

impl<T: for<'a> From<&'a str>> FromRequest for PathId<T> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = request.match_info();
        if path.get("id").is_some() {
            let id = web::Path::<String>::from_request(request, payload).into_inner();
            return ready(id.map(|id| Self(T::from(&id))));
        }
        // What is left of the path behind the shortcut's beginning.
        let rest = path.unprocessed().trim_start_matches('/');
        let id = rest.split('/').next().unwrap_or_default();
        ready(match id {
            "" => Err(Refusal::not_found(format!("{} names nothing", request.path())).into()),
            id => Ok(Self(T::from(id))),
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, test};

    use super::*;
    use crate::http::resource;

    const PATH: &str = "/things/{id}/touch";

    /// Says by which way it was reached: long ones name their id themselves.
    async fn touch(request: HttpRequest, id: PathId) -> HttpResponse {
        let way = match request.match_info().get("id") {
            Some(_) => "long",
            None => "short",
        };
        HttpResponse::Ok().body(format!("{way} {}", id.0))
    }

    async fn answer(with_shortcut: bool, method: Method, path: &str) -> (u16, String) {
        let configure = |config: &mut web::ServiceConfig| {
            if with_shortcut {
                config.service(shortcut(PATH, Method::POST, web::to(touch)));
            }
            config.service(resource(PATH, [(Method::POST, web::to(touch))]));
        };
        let app = test::init_service(App::new().configure(configure)).await;
        let request = test::TestRequest::default().method(method).uri(path);
        let response = test::call_service(&app, request.to_request()).await;
        let status = response.status().as_u16();
        let body = test::read_body(response).await;
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[actix_web::test]
    async fn plain_ids_take_the_short_way_and_all_others_the_long_one() {
        for (path, expected) in [
            ("/things/a-1.b_c~/touch", "short a-1.b_c~"),
            ("/things/a-1/touch?x=/y", "short a-1"),
            ("/things/a%20b/touch", "long a b"),
            ("/things/a%2Fb/touch", "long a/b"),
            ("/things/a:b/touch", "long a:b"),
        ] {
            let answer = answer(true, Method::POST, path).await;
            assert_eq!(answer, (200, expected.into()), "{path}");
        }
    }

    #[actix_web::test]
    async fn what_does_not_fit_is_answered_as_without_the_shortcut() {
        let post = Method::POST;
        for (method, path, status) in [
            (post.clone(), "/things/touch", 404),
            (post.clone(), "/things//touch", 404),
            (post.clone(), "/things/a/b/touch", 404),
            (post.clone(), "/things/a/touch/", 404),
            (post.clone(), "/things/a/touched", 404),
            (post, "/thingsa/touch", 404),
            (Method::GET, "/things/a/touch", 405),
        ] {
            let answered = answer(true, method.clone(), path).await;
            assert_eq!(answered.0, status, "{path}");
            assert_eq!(answered, answer(false, method, path).await, "{path}");
        }
    }
}
