package coordinator

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/go-logr/logr/funcr"

	"github.com/kindred-k8s/kindred/pkg/observe"
)

func TestProblemsAreLoggedOnce(t *testing.T) {
	var lines, told []string
	p := problems{
		log:  funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{}),
		tell: func(e observe.Event) { told = append(told, fmt.Sprint(e)) },
	}
	refused := errors.New("connection refused")
	for try := range 10 {
		p.report("watch", &url.Error{Op: "Get", URL: fmt.Sprintf("https://api/leases?timeoutSeconds=%d", try), Err: refused})
		p.report("lease a", fmt.Errorf("renewing: %w", &url.Error{Op: []string{"Put", "Get"}[try%2], URL: "https://api/a", Err: refused}))
	}
	if len(lines) != 2 {
		t.Errorf("%d lines for two operations that fail ten times in the same way: %q", len(lines), lines)
	}
	p.report("watch", errors.New("forbidden"))
	p.report("watch", nil)
	p.report("watch", nil)
	if len(lines) != 4 {
		t.Errorf("%d lines after another error and a recovery, want 4: %q", len(lines), lines)
	}
	if len(told) != len(lines) {
		t.Errorf("the observer was told %q", told)
	}
}
