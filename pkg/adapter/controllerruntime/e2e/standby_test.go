package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
)

// everywhere is a runnable that needs no election.
type everywhere struct{ running atomic.Bool }

func (e *everywhere) Start(ctx context.Context) error {
	e.running.Store(true)
	<-ctx.Done()
	return nil
}

func (*everywhere) NeedLeaderElection() bool { return false }

// TestEverythingElseNeedsNoElection: on a replica that cannot even reach the Leases,
// webhooks, health checks, metrics, other runnables and the caches are up.
func TestEverythingElseNeedsNoElection(t *testing.T) {
	f := newFleet(t)
	health, metrics, hook := freeAddress(t), freeAddress(t), freeAddress(t)
	r := f.newReplica("standby", func(_ *rest.Config, o *manager.Options) {
		o.HealthProbeBindAddress = health
		o.Metrics = server.Options{BindAddress: metrics}
		o.WebhookServer = webhook.NewServer(webhookOptions(t, hook))
	})
	r.GetWebhookServer().Register("/hook", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hooked") }))
	all := &everywhere{}
	if err := r.Add(all); err != nil {
		t.Fatal(err)
	}
	nowhere := &rest.Config{Host: "https://" + freeAddress(t)}
	r.own([]schema.GroupKind{database}, func(o *coordinator.Options) { o.LeaseConfig = nowhere }).start()

	for what, url := range map[string]string{
		"healthz": "http://" + health + "/healthz/kindred",
		"metrics": "http://" + metrics + "/metrics",
		"webhook": "https://" + hook + "/hook",
	} {
		within(t, settleTimeout, what+" answers", func() error { return answers(url) })
	}
	within(t, settleTimeout, "the runnable runs", func() error {
		if !all.running.Load() {
			return fmt.Errorf("it does not")
		}
		return nil
	})
	if _, owned := r.Term(database); owned || len(f.running()) > 0 {
		t.Error("it owns a kind without a Lease")
	}
}

// TestStandbyIsWarm: a replica that owns nothing has the kinds' informers, and no
// handlers on them reconcile anything.
func TestStandbyIsWarm(t *testing.T) {
	f := newFleet(t)
	owner := f.newReplica("owner").own([]schema.GroupKind{database}).start()
	<-owner.Elected(database)
	standby := f.newReplica("standby").own([]schema.GroupKind{database}).start()
	within(t, settleTimeout, "the standby has listed both types", func() error {
		if n, m := standby.lists.of("databases"), standby.lists.of("configmaps"); n != 1 || m != 1 {
			return fmt.Errorf("databases %d times, configmaps %d times", n, m)
		}
		return nil
	})
	time.Sleep(2 * time.Second)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.reconciles {
		if e.replica != "owner" {
			t.Errorf("%s has reconciled %s", e.replica, e.name)
		}
	}
	if len(f.reconciles) < perKind {
		t.Errorf("the owner has reconciled %d times, want at least %d", len(f.reconciles), perKind)
	}
}

// answers asks once, and demands success.
func answers(url string) error {
	client := http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
	}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return nil
}

// freeAddress returns an address on loopback on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// webhookOptions are those of a server with a certificate of its own.
func webhookOptions(t *testing.T, address string) webhook.Options {
	t.Helper()
	certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return webhook.Options{Host: tcp.IP.String(), Port: tcp.Port, CertDir: dir}
}
