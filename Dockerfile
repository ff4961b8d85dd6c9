# One image for every mode of podling: a static executable and nothing else, about 20 MB.
#
#   make image                                    builds it, also where no registry can be reached
#   docker build -t podling .                     builds it on rust:1.95-bookworm
#   docker build --build-arg BUILDER=IMAGE …      builds it on a local image with Rust, a C compiler and CA certificates
#
# A master; its state stays in the volume:
#   docker run -d --name podling-master --network host -v podling:/var/lib/podling podling master
#
# A worker speaks to the host's Docker Engine, so the user it runs as needs the socket's group (it is then as good as
# root on that host, as every user of Docker is):
#   docker run -d --name podling-worker --network host \
#     -v /var/run/docker.sock:/var/run/docker.sock --group-add "$(stat -c %g /var/run/docker.sock)" \
#     podling worker --node-id "$(hostname)"
#
# The client (--init passes Ctrl-C on, which would not end `logs -f` otherwise):
#   docker run --rm -it --init --network host podling ps
#
# --network host, because master and worker bind to loopback as long as podling has no authentication, and because the
# tasks' ports are the host's. Written for the classic builder and for BuildKit alike, on amd64 and arm64.

ARG BUILDER=rust:1.95-bookworm
FROM ${BUILDER} AS build
LABEL podling.stage=build
WORKDIR /src

# Static: an image FROM scratch has no libc. The rest as in the Makefile. RUSTFLAGS would be used for build scripts and
# macros as well, which cannot be static, if the target were not named.
ENV RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" \
    CFLAGS="-DMI_DEFAULT_ALLOW_THP=0" \
    CARGO_TERM_COLOR=never
RUN rustc -vV | sed -n 's/^host: //p' > /target-triple

# The dependencies first, in a layer of their own: they change seldom and take most of the time. Cargo wants the files
# the manifest names, so those of benchmarks are not named here.
COPY Cargo.toml Cargo.lock ./
RUN sed -i '/^\[\[bench\]\]/,/^$/d' Cargo.toml \
 && mkdir src \
 && touch src/lib.rs \
 && echo 'fn main() {}' > src/main.rs \
 && cargo build --release --locked --target "$(cat /target-triple)"

COPY . .
ARG COMMIT=unknown
ARG BUILD_DATE=unknown
# cargo goes by the time of a file, and what was copied may be older than the empty files it was built with above.
RUN touch src/lib.rs src/main.rs \
 && PODLING_COMMIT="${COMMIT}" PODLING_BUILD_DATE="${BUILD_DATE}" \
    cargo build --release --locked --target "$(cat /target-triple)" \
 && mkdir -p /out/usr/local/bin /out/etc/ssl/certs /out/tmp /out/var/lib \
 && chmod 1777 /out/tmp \
 && cp "target/$(cat /target-triple)/release/podling" /out/usr/local/bin/ \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
 && mkdir /data

FROM scratch
LABEL org.opencontainers.image.title="podling" \
      org.opencontainers.image.description="A container orchestrator in one small binary" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/ /
COPY --from=build --chown=65532:65532 /data/ /var/lib/podling/
USER 65532:65532
ENV PODLING_DATA_DIR=/var/lib/podling
VOLUME /var/lib/podling
EXPOSE 8080 8081
# Asks what the container was started as, master or worker, or what PODLING_HEALTH_URL names.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 CMD ["/usr/local/bin/podling", "health"]
ENTRYPOINT ["/usr/local/bin/podling"]
CMD ["--help"]
