package lease_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	. "github.com/kindred-k8s/kindred/pkg/lease"
)

// serving is a member that serves n kinds with names as people give them.
func serving(n int) Member {
	words := strings.Fields("Backup Bucket Cache Cluster Database Endpoint Firewall Gateway Grant Image Key Listener Network Node Policy Pool Queue Record Replica Role Route Schedule Secret Service Snapshot Subnet Topic User Volume Zone")
	m := Member{Identity: "op-0_1a2b3c4d", Instance: "x", Phase: Ready, Capacity: 1}
	for i := range n {
		name := words[i%len(words)] + words[i/len(words)%len(words)] + words[i*7%len(words)]
		m.Serves = append(m.Serves, Served{Shard: fmt.Sprintf("%s%d.%s.example.com", name, i, strings.ToLower(words[i%7])), Weight: int64(50 + i*37%400)})
	}
	return m
}

// A list of any length reads back as the same; a short one stays legible.
func TestMemberOfManyKinds(t *testing.T) {
	for _, n := range []int{0, 1, 50, 51, 1000} {
		m := serving(n)
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeMember(m.Identity, text)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.Serves, back.Serves) || back.Phase != Ready || back.Instance != "x" {
			t.Errorf("%d kinds do not read back as they were written", n)
		}
		if again, _ := m.Encode(); again != text {
			t.Errorf("%d kinds are written in two ways", n)
		}
		if legible := strings.Contains(text, `"shard"`); legible != (n > 0 && n <= 50) {
			t.Errorf("%d kinds: legible %v", n, legible)
		}
		t.Logf("%d kinds: %d bytes", n, len(text))
		if n == 1000 && len(text) > 20_000 {
			t.Errorf("1000 kinds are %d bytes, want less than 20 a kind", len(text))
		}
	}
}

// What somebody has written by hand does not fill the memory, nor pass for a member.
func TestMemberOfTooMuch(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	for range 100 {
		_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	_ = w.Close()
	for _, zipped := range [][]byte{bomb.Bytes(), []byte("no gzip"), bomb.Bytes()[:40]} {
		_, err := DecodeMember("x", `{"phase":"ready","servesGzip":"`+base64.StdEncoding.EncodeToString(zipped)+`"}`)
		if err == nil || !strings.Contains(err.Error(), "servesGzip") {
			t.Errorf("error %v", err)
		}
	}
}
