//! Counts and times every request. Allocates nothing: the route's name is part of the route.

use std::sync::Arc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};

use crate::clock::Stopwatch;
use crate::master::metrics::Metrics;

/// The path of a route as it stands in the table, for the metrics: with `{id}`, so that ids do
/// not become labels.
#[derive(Debug, Clone, Copy)]
pub struct RouteName(pub &'static str);

/// For `App::wrap_fn`: passes the request on and counts its answer.
pub fn observe<S, B>(
    metrics: Arc<Metrics>,
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let watch = Stopwatch::start();
    let answer = service.call(request);
    async move {
        let answer = answer.await?;
        let request = answer.request();
        let route = request.app_data::<RouteName>();
        let route = route.map_or("other", |name| name.0);
        let status = answer.status().as_u16();
        metrics.answered(request.method().as_str(), route, status, watch.elapsed());
        Ok(answer)
    }
}
