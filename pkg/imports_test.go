// Package pkg_test holds the layout of the packages below: which may import
// which, and what the pure core keeps away from.
package pkg_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/kindred-k8s/kindred/"
	pkgs   = module + "pkg/"
)

// nested are the packages below that are Go modules of their own.
var nested = []string{"adapter/controllerruntime", "adapter/knative"}

// list returns the fields of what go list prints, in the module that is at dir.
func list(t *testing.T, dir string, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"-C", dir, "list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v in %s: %v", args, dir, err)
	}
	return strings.Fields(string(out))
}

// imports returns the packages that a package imports itself, tests left out.
func imports(t *testing.T, pkg string) []string {
	t.Helper()
	dir := "."
	for _, module := range nested {
		if pkg == pkgs+module || strings.HasPrefix(pkg, pkgs+module+"/") {
			dir = module
		}
	}
	return list(t, dir, "-f", `{{join .Imports "\n"}}`, pkg)
}

// TestPureCore: what decides has no clock of its own, no lock, no randomness, no
// client and no logger, so that a simulation replays it exactly.
func TestPureCore(t *testing.T) {
	reasons := map[string]string{
		"sync": "one goroutine owns the core", "sync/atomic": "one goroutine owns the core",
		"math/rand": "a run must replay from its seed", "math/rand/v2": "a run must replay from its seed", "crypto/rand": "a run must replay from its seed",
		"context": "the core neither waits nor calls", "os": "the core does no I/O", "net/http": "the core does no I/O", "log": "actions carry their reasons",
	}
	allowed := []string{
		"k8s.io/apimachinery/pkg/runtime/schema", "k8s.io/apimachinery/pkg/util/validation", "k8s.io/apimachinery/pkg/util/resourceversion",
		pkgs + "lease", pkgs + "assign",
	}
	for _, pkg := range []string{"lease", "assign", "elect"} {
		for _, path := range imports(t, pkgs+pkg) {
			if reason, forbidden := reasons[path]; forbidden {
				t.Errorf("pkg/%s imports %s: %s", pkg, path, reason)
			}
			if strings.Contains(path, ".") && !slices.Contains(allowed, path) {
				t.Errorf("pkg/%s imports %s: the core knows the standard library and apimachinery's plain types only", pkg, path)
			}
		}
	}
}

// TestDirection: imports go one way, from the commands to the core.
func TestDirection(t *testing.T) {
	may := map[string][]string{
		"lease":                 {},
		"assign":                {},
		"elect":                 {"lease", "assign"},
		"kubelease":             {"lease"},
		"fence":                 {"lease"},
		"fence/policy":          {"lease", "fence"},
		"sim":                   {"lease", "assign", "elect"},
		"sim/leaseapi":          {},
		"bucket":                {"lease"},
		"oldlock":               {"lease", "kubelease"},
		"observe":               {"lease"},
		"observe/metrics":       {"lease", "observe"},
		"observe/events":        {"lease", "fence", "observe"},
		"coordinator":           {"lease", "elect", "kubelease", "fence", "oldlock", "observe"},
		"coordinator/storetest": {"lease", "kubelease", "coordinator"},
		"inspect":               {"lease", "assign", "kubelease", "observe/events"},
		"observe/page":          {"lease", "inspect"},
		"adapter/informer":      {"lease", "bucket", "coordinator"},
		"flags":                 {"lease", "coordinator"},

		"adapter/controllerruntime":     {"lease", "coordinator"},
		"adapter/controllerruntime/e2e": {},
		"adapter/knative":               {"lease", "bucket", "coordinator"},
		"adapter/knative/e2e":           {},
	}
	all := list(t, ".", pkgs+"...")
	for _, module := range nested {
		all = append(all, list(t, module, "./...")...)
	}
	for _, pkg := range all {
		name := strings.TrimPrefix(pkg, pkgs)
		if name+"/" == pkgs || !strings.HasPrefix(pkg, pkgs) || strings.HasPrefix(name, "adapter/knative/e2e/generated/") {
			continue
		}
		allowed, known := may[name]
		if !known {
			t.Errorf("pkg/%s is not in the table of this test: say what it may import", name)
		}
		for _, path := range imports(t, pkg) {
			if other, ours := strings.CutPrefix(path, pkgs); ours && !slices.Contains(allowed, other) {
				t.Errorf("pkg/%s imports pkg/%s: the layout in docs/design.md does not have that arrow", name, other)
			} else if !ours && strings.HasPrefix(path, module) {
				t.Errorf("pkg/%s imports %s: libraries do not import commands or tests", name, path)
			}
		}
	}
}

// TestClockIsAnArgument: the core never asks for the time.
func TestClockIsAnArgument(t *testing.T) {
	for _, pkg := range []string{"lease", "assign", "elect"} {
		out, err := exec.Command("grep", "-nE", `time\.(Now|Since|Until|After|NewTimer|Sleep)\(`, "-r", "--include=*.go", "--exclude=*_test.go", pkg).CombinedOutput()
		if err == nil {
			t.Errorf("the core asks for the time:\n%s", out)
		}
	}
}
