package coordinator

import (
	"errors"
	"net/url"
	"sync"

	"github.com/go-logr/logr"

	"github.com/kindred-k8s/kindred/pkg/observe"
)

// problems logs what fails once, and once more when it works again.
type problems struct {
	log  logr.Logger
	tell func(observe.Event)

	mu      sync.Mutex
	current map[string]string
}

// report is told about an operation's error, or nil. Safe for concurrent use.
func (p *problems) report(operation string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, failing := p.current[operation]
	if err == nil {
		if failing {
			delete(p.current, operation)
			p.log.Info("Works again", "operation", operation)
			p.tell(observe.ProblemEnded{Operation: operation})
		}
		return
	}
	what := essence(err)
	if failing && before == what {
		return
	}
	if p.current == nil {
		p.current = map[string]string{}
	}
	p.current[operation] = what
	p.log.Error(err, "Failing; it is tried again", "operation", operation)
	p.tell(observe.ProblemBegan{Operation: operation, Err: err})
}

// essence returns what makes an error another one than the last: not the request
// that met it. The watch's URL has a random timeout in it, and a campaign reads
// and writes in turn.
func essence(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err.Error()
	}
	return err.Error()
}
