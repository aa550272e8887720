package main

import (
	"errors"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdTimeout is how long etcd may take to elect its only member leader.
const etcdTimeout = 30 * time.Second

func startEtcd(dir string, quotaBytes int64) (*embed.Etcd, error) {
	anyPort := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	cfg := embed.NewConfig()
	cfg.Dir = dir
	cfg.ListenClientUrls = []url.URL{anyPort}
	cfg.AdvertiseClientUrls = []url.URL{anyPort}
	cfg.ListenPeerUrls = []url.URL{anyPort}
	cfg.AdvertisePeerUrls = []url.URL{anyPort}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	// What is written outlives the process in the page cache; only a crash of the machine would lose it.
	cfg.UnsafeNoFsync = true
	cfg.QuotaBackendBytes = quotaBytes
	// The only member waits for an election timeout before it elects itself.
	cfg.TickMs = 20
	cfg.ElectionMs = 100
	cfg.LogLevel = "warn"
	cfg.LogOutputs = []string{"stderr"}
	cfg.Logger = "zap"

	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err := <-e.Err():
		return nil, err
	case <-time.After(etcdTimeout):
		e.Close()
		return nil, errors.New("not ready in time")
	}
}
