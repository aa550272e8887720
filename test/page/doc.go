// Package page tests pkg/observe/page as people see it: in a headless Chromium, served
// by a real replica of the sample operator, over a real kube-apiserver and etcd. It is a
// module of its own, because nobody else needs what drives a browser.
package page
