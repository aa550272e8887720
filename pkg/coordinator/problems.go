package coordinator

import (
	"sync"

	"github.com/go-logr/logr"
)

// problems logs what fails once, and once more when it works again.
type problems struct {
	log logr.Logger

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
		}
		return
	}
	if failing && before == err.Error() {
		return
	}
	if p.current == nil {
		p.current = map[string]string{}
	}
	p.current[operation] = err.Error()
	p.log.Error(err, "Failing; it is tried again", "operation", operation)
}
