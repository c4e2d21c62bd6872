"""A device of Alibaba Cloud, made of the vendor's own Python SDK as it comes: `device.py PORT SECRET FILE`.

It signs in, informs 1.0.0, waits for a push, downloads to FILE, restarts and informs the version it was told. It tells each
step in a line, and never subscribes to anything: the platform does that.
"""
import logging
import queue
import sys

from linkkit import linkkit

PRODUCT_KEY, DEVICE_NAME = "a1BenchPK00", "bench01"
# Long enough for a busy machine.
DEADLINE = 45
ATTEMPTS = 2


class Refusals(logging.Handler):
    """The SDK tries for ever when it is refused; only its log says that it was."""

    def __init__(self, happened):
        super().__init__()
        self.happened = happened

    def emit(self, record):
        message = record.getMessage()
        if "Received CONNACK" in message and not message.endswith(", 0)"):
            self.happened.put(("refused", message))


class Device:
    def __init__(self, port, secret):
        self.happened = queue.Queue()
        self.sdk = linkkit.LinkKit("127.0.0.1", PRODUCT_KEY, DEVICE_NAME, secret)
        self.sdk.config_mqtt(port=port, secure="")
        self.sdk.enable_logger(logging.DEBUG)
        logging.getLogger("Paho").addHandler(Refusals(self.happened))
        self.sdk.on_connect = lambda session, code, user: self.happened.put(("connected", code))
        self.sdk.on_ota_message_arrived = lambda *push: self.happened.put(("push", push))

    def start(self, version):
        self.sdk.connect_async()
        self.wait("connected")
        # It answers OTA_PUB_FAILED whenever it has published: it compares paho's answer with a number.
        self.sdk.ota_report_version(None, version)
        print("informed", version, flush=True)

    def wait(self, what):
        happened, told = self.happened.get(timeout=DEADLINE)
        print(happened, told, flush=True)
        if happened == "refused":
            sys.exit("refused")
        if happened != what:
            sys.exit(f"{happened} came, not {what}")
        return told


def main(port, secret, file):
    device = Device(int(port), secret)
    device.start("1.0.0")
    _, version, _size, url, method, sign, _module, _extra = device.wait("push")
    # The SDK downloads from the start and gives up at the first trouble; what to do then is its user's matter.
    for _ in range(ATTEMPTS):
        code = device.sdk.download_ota_firmware(url, file, method, sign)
        print("downloaded", code, flush=True)
        if code == linkkit.LinkKit.ErrorCode.SUCCESS:
            break
    else:
        sys.exit(f"{code}")
    device.sdk.destruct()
    restarted = Device(int(port), secret)
    restarted.start(version)
    restarted.sdk.destruct()


main(*sys.argv[1:])
