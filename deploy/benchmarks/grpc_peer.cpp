// The peer that our RPC server is measured beside: gRPC C++, asynchronous, one completion queue, one thread.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <string>

#include "cloudbill/benchmark/v1/benchmark.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace {

// One call that is waiting, answered or done; it asks for its successor when it begins.
struct Call {
  virtual ~Call() = default;
  virtual void Proceed(bool ok) = 0;
};

template <typename Service, typename Request, typename Reply, auto Ask, auto Answer>
class UnaryCall final : public Call {
 public:
  UnaryCall(Service *service, grpc::ServerCompletionQueue *queue)
      : service_(service), queue_(queue), responder_(&context_) {
    (service_->*Ask)(&context_, &request_, &responder_, queue_, queue_, this);
  }

  void Proceed(bool ok) override {
    if (!ok || answered_) {
      delete this;
      return;
    }
    new UnaryCall(service_, queue_);
    answered_ = true;
    Reply reply;
    Answer(request_, &reply);
    responder_.Finish(reply, grpc::Status::OK, this);
  }

 private:
  Service *service_;
  grpc::ServerCompletionQueue *queue_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncResponseWriter<Reply> responder_;
  bool answered_ = false;
};

using Health = grpc::health::v1::Health::AsyncService;
using Echo = cloudbill::benchmark::v1::Echo::AsyncService;
using EchoMessage = cloudbill::benchmark::v1::EchoMessage;

void Serve(const grpc::health::v1::HealthCheckRequest &, grpc::health::v1::HealthCheckResponse *reply) {
  reply->set_status(grpc::health::v1::HealthCheckResponse::SERVING);
}

void Repeat(const EchoMessage &request, EchoMessage *reply) { reply->CopyFrom(request); }

}  // namespace

int main(int count, char **arguments) {
  const std::string address = "127.0.0.1:" + std::string(count > 1 ? arguments[1] : "50051");
  Health health;
  Echo echo;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&health);
  builder.RegisterService(&echo);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (!server) {
    std::fprintf(stderr, "could not listen on %s\n", address.c_str());
    return 1;
  }
  for (int waiting = 0; waiting < 256; ++waiting) {
    new UnaryCall<Health, grpc::health::v1::HealthCheckRequest, grpc::health::v1::HealthCheckResponse,
                  &Health::RequestCheck, &Serve>(&health, queue.get());
    new UnaryCall<Echo, EchoMessage, EchoMessage, &Echo::RequestEcho, &Repeat>(&echo, queue.get());
  }
  void *tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Call *>(tag)->Proceed(ok);
}
