# The same image as "make image" makes without Docker, but for the layers' order and
# dates: a static program, its user, and nothing else.
#
#   docker build -t localhost/kindred/sample-operator:dev .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w -buildid=" -o /sample-operator ./cmd/sample-operator

FROM scratch
LABEL org.opencontainers.image.title=sample-operator \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.source=https://github.com/kindred-k8s/kindred
COPY --from=build --chmod=0555 /sample-operator /sample-operator
USER 65532:65532
WORKDIR /
ENTRYPOINT ["/sample-operator"]
