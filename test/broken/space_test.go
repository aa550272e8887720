package broken

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// filler is what is put into etcd, past the API server, under a key that is none of
// Kubernetes'. Each time it makes a new revision of that key, and etcd keeps the old.
var filler = bytes.Repeat([]byte("x"), 1<<20)

// fillEtcd writes until etcd refuses: from then on it refuses all writes, and says
// so with an alarm.
func (r *trial) fillEtcd() {
	r.t.Helper()
	for written := 0; ; written += len(filler) {
		err := etcd(r, "kv/put", map[string]any{"key": []byte("filler"), "value": filler}, nil)
		if err != nil && strings.Contains(err.Error(), "database space exceeded") {
			r.t.Logf("etcd is full after %d MiB more", written>>20)
			return
		}
		if err != nil {
			r.t.Fatal(err)
		}
		if written > 2*etcdQuota {
			r.t.Fatalf("wrote %d bytes past a quota of %d", written, etcdQuota)
		}
	}
}

// freeEtcd does what etcd's operators do: forget old revisions, give their space
// back, and end the alarm. The histories know by then what is forgotten: nothing can
// have been written since.
func (r *trial) freeEtcd() {
	r.t.Helper()
	type header struct {
		Revision string `json:"revision"`
	}
	var status struct {
		Header header `json:"header"`
	}
	var alarms struct {
		Alarms []map[string]any `json:"alarms"`
	}
	do := func(call string, body map[string]any, answer any) {
		if err := etcd(r, call, body, answer); err != nil {
			r.t.Fatal(err)
		}
	}
	do("maintenance/status", map[string]any{}, &status)
	do("kv/compaction", map[string]any{"revision": status.Header.Revision, "physical": true}, nil)
	do("maintenance/defragment", map[string]any{}, nil)
	do("maintenance/alarm", map[string]any{"action": "GET"}, &alarms)
	if len(alarms.Alarms) == 0 {
		r.t.Error("etcd has raised no alarm: it was not out of space")
	}
	for _, alarm := range alarms.Alarms {
		alarm["action"] = "DEACTIVATE"
		do("maintenance/alarm", alarm, nil)
	}
}

// etcd makes a call of etcd's API, in its JSON form.
func etcd(r *trial, call string, body map[string]any, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, plane.EtcdURL()+"/v3/"+call, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd answers %s with %s: %s", call, response.Status, said)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(said, answer)
}
