package cluster_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/test/cluster"
)

// TestEtcdQuota: a full etcd refuses writes and goes on answering reads.
func TestEtcdQuota(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			way.setup(t)
			const quota = 8 << 20
			c := start(t, cluster.Options{EtcdQuotaBytes: quota})
			configMaps := clientFor(t, c).CoreV1().ConfigMaps("default")
			block := map[string]string{"x": strings.Repeat("x", 1<<19)}
			for written := 0; ; written += len(block["x"]) {
				cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "block-"}, Data: block}
				_, err := configMaps.Create(t.Context(), cm, metav1.CreateOptions{})
				if err != nil && strings.Contains(err.Error(), "database space exceeded") {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if written > 2*quota {
					t.Fatalf("wrote %d bytes past a quota of %d", written, quota)
				}
			}
			if _, err := configMaps.List(t.Context(), metav1.ListOptions{Limit: 1}); err != nil {
				t.Errorf("a read from the full etcd: %v", err)
			}
			answer, err := http.Post(c.EtcdURL()+"/v3/maintenance/alarm", "application/json", strings.NewReader(`{"action":"GET"}`))
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if said, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(said), "NOSPACE") {
				t.Errorf("etcd says of its alarms %q, %v", said, err)
			}
		})
	}
}
