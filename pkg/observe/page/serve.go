package page

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"time"
)

//go:embed assets
var assets embed.FS

var templates = template.Must(template.ParseFS(assets, "assets/page.html"))

// asset serves one file.
func asset(name, contentType string) http.Handler {
	content, err := assets.ReadFile("assets/" + name)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(content) // the browser may have hung up
	})
}

// whole serves the page, which is complete without JavaScript.
func (p *Page) whole(w http.ResponseWriter, _ *http.Request) {
	current, _ := p.now()
	text, err := render("page", current)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text) // as above
}

// Bounds of the stream: how many browsers may listen, and how long one may take to read.
const (
	mostStreams = 64
	slowest     = 10 * time.Second
)

// events sends the changing part of the page, rendered, each time that it changes
// (server-sent events).
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	if !p.enter() {
		http.Error(w, "too many browsers listen to this page already", http.StatusServiceUnavailable)
		return
	}
	defer p.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	for {
		current, news := p.now()
		text, err := render("live", current)
		if err != nil {
			return
		}
		_ = control.SetWriteDeadline(time.Now().Add(slowest)) // a recorder in a test has none
		if _, err := w.Write(event(text)); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		}
	}
}

func (p *Page) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams >= mostStreams {
		return false
	}
	p.streams++
	return true
}

func (p *Page) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams--
}

// event is a text as a server-sent event: each of its lines after "data: ".
func event(text []byte) []byte {
	out := &bytes.Buffer{}
	for line := range bytes.Lines(bytes.ReplaceAll(text, []byte("\r"), nil)) {
		out.WriteString("data: ")
		out.Write(bytes.TrimSuffix(line, []byte("\n")))
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
	return out.Bytes()
}

func render(name string, v view) ([]byte, error) {
	out := &bytes.Buffer{}
	err := templates.ExecuteTemplate(out, name, v)
	return out.Bytes(), err
}
