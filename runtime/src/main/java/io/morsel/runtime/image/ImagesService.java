package io.morsel.runtime.image;

import com.google.protobuf.Empty;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.events.ImageCreate;
import io.morsel.containerd.api.events.ImageDelete;
import io.morsel.containerd.api.events.ImageUpdate;
import io.morsel.containerd.api.images.CreateImageRequest;
import io.morsel.containerd.api.images.CreateImageResponse;
import io.morsel.containerd.api.images.DeleteImageRequest;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.GetImageResponse;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.images.ListImagesRequest;
import io.morsel.containerd.api.images.ListImagesResponse;
import io.morsel.containerd.api.images.UpdateImageRequest;
import io.morsel.containerd.api.images.UpdateImageResponse;
import io.morsel.runtime.event.Exchange;
import io.morsel.runtime.gc.Scheduler;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import java.util.Optional;

/** {@code containerd.services.images.v1} over an {@link ImageStore}. */
public final class ImagesService extends ImagesGrpc.ImagesImplBase {
  private final ImageStore images;
  private final Exchange events;
  private final Scheduler gc;

  /** The service over {@code images}. */
  public ImagesService(ImageStore images, Exchange events, Scheduler gc) {
    this.images = images;
    this.events = events;
    this.gc = gc;
  }

  @Override
  public void get(GetImageRequest request, StreamObserver<GetImageResponse> observer) {
    Answers.unary(
        observer,
        () ->
            GetImageResponse.newBuilder()
                .setImage(images.get(CallScope.required().namespace(), request.getName()))
                .build());
  }

  @Override
  public void list(ListImagesRequest request, StreamObserver<ListImagesResponse> observer) {
    Answers.unary(
        observer,
        () ->
            ListImagesResponse.newBuilder()
                .addAllImages(
                    images.list(CallScope.required().namespace(), request.getFiltersList()))
                .build());
  }

  @Override
  public void create(CreateImageRequest request, StreamObserver<CreateImageResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          requireName(request.getImage());
          String namespace = CallScope.required().namespace();
          Image image = images.create(namespace, request.getImage());
          events.publish(
              namespace,
              "/images/create",
              ImageCreate.newBuilder()
                  .setName(image.getName())
                  .putAllLabels(image.getLabelsMap())
                  .build());
          return CreateImageResponse.newBuilder().setImage(image).build();
        });
  }

  @Override
  public void update(UpdateImageRequest request, StreamObserver<UpdateImageResponse> observer) {
    Answers.unary(
        observer,
        () -> {
          requireName(request.getImage());
          String namespace = CallScope.required().namespace();
          Image image =
              images.update(namespace, request.getImage(), request.getUpdateMask().getPathsList());
          events.publish(
              namespace,
              "/images/update",
              ImageUpdate.newBuilder()
                  .setName(image.getName())
                  .putAllLabels(image.getLabelsMap())
                  .build());
          return UpdateImageResponse.newBuilder().setImage(image).build();
        });
  }

  @Override
  public void delete(DeleteImageRequest request, StreamObserver<Empty> observer) {
    Answers.empty(
        observer,
        () -> {
          String namespace = CallScope.required().namespace();
          images.delete(
              namespace,
              request.getName(),
              request.hasTarget() ? Optional.of(request.getTarget()) : Optional.empty());
          events.publish(
              namespace,
              "/images/delete",
              ImageDelete.newBuilder().setName(request.getName()).build());
          if (request.getSync()) {
            gc.collectAndWait();
          }
        });
  }

  private static void requireName(Image image) {
    if (image.getName().isEmpty()) {
      throw Answers.status(Status.Code.INVALID_ARGUMENT, "Image.Name required");
    }
  }
}
