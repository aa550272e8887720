package informer_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"

	"github.com/kindred-k8s/kindred/pkg/adapter/informer"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// A worker that swallowed a panic would go on with whatever the panic left
// half done. It ends the process, which is this test binary started anew.
func TestPanicIsNotSwallowed(t *testing.T) {
	const variable, message = "KINDRED_TEST_PANIC", "reconcile went wrong"
	if os.Getenv(variable) != "" {
		panicInReconcile(t, message)
		return
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanicIsNotSwallowed$")
	command.Env = append(os.Environ(), variable+"=1")
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "panic: "+message) {
		t.Errorf("the process ended with %v, want the panic:\n%s", err, output)
	}
}

func panicInReconcile(t *testing.T, message string) {
	source := source{cachetesting.NewFakeControllerSource()}
	source.Add(configMap("a"))
	runner, err := informer.New(informer.Options{
		Name:      "test",
		Informer:  cache.NewSharedIndexInformer(source, &corev1.ConfigMap{}, 0, nil),
		Reconcile: func(context.Context, lease.Term, cache.ObjectName) error { panic(message) },
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = runner.Standby(t.Context()) }()
	_ = runner.Run(t.Context(), term(1))
}
