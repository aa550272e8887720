package cluster

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// nested is the directory of the Go module that has Kubernetes.
const nested = "test/controlplane"

// program is one that is compiled from the nested module.
type program struct {
	name string // in bin
	env  string // the variable that names one that is built already
	what string // for a person
	// sources are the directories that make it up, apart from its dependencies, which go.sum stands for. The first is its
	// main package's.
	sources []string
}

var (
	controlplane = program{"controlplane", "KINDRED_CONTROLPLANE", "the control plane (kube-apiserver and etcd)",
		[]string{nested, "test/cluster/bootstrap", "test/cluster/pki"}}
	node = program{"node", "KINDRED_NODE", "the node (kube-controller-manager, kube-scheduler, kubelet and kubectl)",
		[]string{nested + "/node", nested}}
)

// kubernetesVersion finds what the program calls itself in the line of go.mod that requires it.
var kubernetesVersion = regexp.MustCompile(`(?m)^\s*(?:require )?k8s\.io/kubernetes (v(\d+)\.(\d+)\.\d+\S*)`)

// build compiles a program in the repository at root.
type build struct {
	program
	root, dir, out string
}

func newBuild(root string, p program) *build {
	return &build{program: p, root: root, dir: filepath.Join(root, nested), out: filepath.Join(root, "bin", p.name)}
}

func (b *build) stampFile() string { return filepath.Join(b.root, "bin", "."+b.name+".stamp") }

func (b *build) lockFile() string { return filepath.Join(b.root, "bin", "."+b.name+".lock") }

// main is the path of the main package, from the nested module.
func (b *build) main() string { return "." + strings.TrimPrefix(b.sources[0], nested) }

// fingerprint changes whenever the program would.
func (b *build) fingerprint(ctx context.Context) (string, error) {
	hash := sha256.New()
	version, err := b.goTool(ctx, "version").Output()
	if err != nil {
		return "", fmt.Errorf("run the go tool: %w", err)
	}
	hash.Write(version)
	for _, dir := range b.sources {
		for _, pattern := range []string{"*.go", "go.mod", "go.sum"} {
			files, err := filepath.Glob(filepath.Join(b.root, dir, pattern))
			if err != nil {
				return "", err
			}
			for _, file := range files {
				if strings.HasSuffix(file, "_test.go") {
					continue
				}
				raw, err := os.ReadFile(file)
				if err != nil {
					return "", err
				}
				fmt.Fprintf(hash, "%s/%s %d\n", dir, filepath.Base(file), len(raw))
				hash.Write(raw)
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (b *build) current(want string) bool {
	have, err := os.ReadFile(b.stampFile())
	if err != nil || strings.TrimSpace(string(have)) != want {
		return false
	}
	_, err = os.Stat(b.out)
	return err == nil
}

func (b *build) stamp(value string) error {
	return os.WriteFile(b.stampFile(), []byte(value+"\n"), 0o644)
}

func (b *build) goTool(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	// An interrupt lets the go tool remove its temporary files.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// ldflags make the API server call itself the release that it is; kubectl refuses one without a version. Symbols are
// left out, which makes the program a third smaller.
func (b *build) ldflags() (string, error) {
	raw, err := os.ReadFile(filepath.Join(b.dir, "go.mod"))
	if err != nil {
		return "", err
	}
	m := kubernetesVersion.FindSubmatch(raw)
	if m == nil {
		return "", fmt.Errorf("%s/go.mod does not require k8s.io/kubernetes", b.dir)
	}
	const pkg = "k8s.io/component-base/version."
	return fmt.Sprintf("-s -w -X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s", pkg, m[1], pkg, m[2], pkg, m[3]), nil
}

// run compiles into a file beside the old program and then replaces that in one step, so that a program that is running
// keeps its file and an interrupted compilation leaves nothing that looks done.
func (b *build) run(ctx context.Context, out io.Writer) error {
	ldflags, err := b.ldflags()
	if err != nil {
		return err
	}
	list, err := b.goTool(ctx, "list", "-deps", b.main()).Output()
	if err != nil {
		return fmt.Errorf("list the packages of %s: %w%s", b.name, err, stderrOf(err))
	}
	p := newProgress(out, b.what, bytes.Count(list, []byte("\n")))
	p.start()
	defer p.stop()

	tmp := b.out + ".new"
	cmd := b.goTool(ctx, "build", "-v", "-ldflags", ldflags, "-o", tmp, b.main())
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run the go tool: %w", err)
	}
	var said tail
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		// With -v a line that is one word names a package that is now compiled. All else is worth telling when it fails.
		if line := lines.Text(); strings.ContainsAny(line, " #") {
			fmt.Fprintln(&said, line)
		} else {
			p.compiled()
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("compile %s: %w\n%s", b.name, err, said.String())
	}
	if err := os.Rename(tmp, b.out); err != nil {
		return err
	}
	p.finished()
	return nil
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return "\n" + strings.TrimSpace(string(exit.Stderr))
	}
	return ""
}
