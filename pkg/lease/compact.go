package lease

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A heartbeat is a write of the whole member Lease, and every write is sent to every
// replica. The list of a thousand kinds is some sixty kilobytes, and a hundred replicas
// would send it a hundred times each, every five seconds. A long list is therefore
// compressed; a short one can be read with kubectl.

// plainServes is the longest list that is written as it is.
const plainServes = 50

// mostServes bounds what a compressed list may become, in bytes: several times what an
// object of the API may have.
const mostServes = 8 << 20

// compactMember is Member as it is written.
type compactMember struct {
	Member
	// ServesGzip is the JSON of a long Serves, compressed, and in base64.
	ServesGzip []byte `json:"servesGzip,omitempty"`
}

func (m Member) compact() compactMember {
	c := compactMember{Member: m}
	if len(m.Serves) <= plainServes {
		return c
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	// Neither can fail: strings and numbers, into memory.
	_ = json.NewEncoder(w).Encode(m.Serves)
	_ = w.Close()
	c.Serves, c.ServesGzip = nil, zipped.Bytes()
	return c
}

func unzip(zipped []byte) ([]Served, error) {
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, fmt.Errorf("servesGzip: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, mostServes+1))
	if err != nil {
		return nil, fmt.Errorf("servesGzip: %w", err)
	}
	if len(text) > mostServes {
		return nil, errors.New("servesGzip: it is too long")
	}
	var serves []Served
	if err := json.Unmarshal(text, &serves); err != nil {
		return nil, fmt.Errorf("servesGzip: %w", err)
	}
	return serves, nil
}
