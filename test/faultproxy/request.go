package faultproxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Request is what a request asks of the API server.
type Request struct {
	// Verb is GET, LIST, WATCH, CREATE, UPDATE, PATCH or DELETE. For a path that names no resource it is the HTTP method.
	Verb string
	// Group is the API group; the core group's is empty.
	Group string
	// Resource is the plural, with the subresource after a slash; for a path that names no resource it is that path.
	Resource string
	// Namespace and Name are empty where the path has none.
	Namespace, Name string
}

// String is the key under which Requests counts, "UPDATE leases" say. The group is left out.
func (r Request) String() string { return r.Verb + " " + r.Resource }

// Describe reads a request's path, method and query.
func Describe(r *http.Request) Request {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	var d Request
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		d.Group, parts = parts[1], parts[3:]
	default:
		return Request{Verb: r.Method, Resource: r.URL.Path}
	}
	// Under a namespace's path, what follows its name is a resource in it, except for the namespace's own subresources.
	if len(parts) > 2 && parts[0] == "namespaces" && parts[2] != "status" && parts[2] != "finalize" {
		d.Namespace, parts = parts[1], parts[2:]
	}
	d.Resource = parts[0]
	if len(parts) > 1 {
		d.Name = parts[1]
	}
	if len(parts) > 2 {
		d.Resource += "/" + parts[2]
	}
	d.Verb = verb(r, d.Name)
	return d
}

func verb(r *http.Request, name string) string {
	switch r.Method {
	case http.MethodGet:
		if watch := r.URL.Query().Get("watch"); watch == "true" || watch == "1" {
			return "WATCH"
		}
		if name == "" {
			return "LIST"
		}
		return "GET"
	case http.MethodPost:
		return "CREATE"
	case http.MethodPut:
		return "UPDATE"
	}
	return r.Method
}

// Verbs matches requests with one of the verbs, as Request has them.
func Verbs(verbs ...string) Match {
	return func(r *http.Request) bool { return slices.Contains(verbs, Describe(r).Verb) }
}

// Writes matches requests that change something.
func Writes() Match { return Verbs("CREATE", "UPDATE", "PATCH", "DELETE") }

// Resources matches requests for one of the resources, "leases" or "widgets/status" say.
func Resources(resources ...string) Match {
	return func(r *http.Request) bool { return slices.Contains(resources, Describe(r).Resource) }
}

// Named matches requests for an object of the name.
func Named(name string) Match {
	return func(r *http.Request) bool { return Describe(r).Name == name }
}

// Requests counts the requests that have arrived so far, also those that a fault then met, by verb and resource:
// "UPDATE leases", "WATCH widgets", "GET /version".
func (p *Proxy) Requests() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// ResetRequests starts the count again.
func (p *Proxy) ResetRequests() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.counts)
}
